import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { workersOf } from '../../lib/sandbox/nginx-workers.ts';
import { openRawConnection, rawHttp } from '../support/raw-http.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  type StackInput,
  type TestGateway,
} from '../support/test-gateway.ts';
import { openClient, protocols, type Client, type Protocol } from './support/client.ts';
import {
  expectNoSecretIn,
  logEnds,
  secret,
  secretBody,
  secretHeaders,
  secretQuery,
  secretRequest,
  type LogEnds,
} from './support/secrets.ts';
import { signal, untilHolds } from './support/waiting.ts';

// nginx would write a line with the whole request line about each failure here, were the level lower.
const stack: StackInput = {
  ...testConfiguration,
  gateway: {
    serverNames: [testServerName],
    clientMaxBodySizeKiB: 8,
    clientHeaderTimeoutSeconds: 1,
    clientBodyTimeoutSeconds: 1,
    proxyReadTimeoutSeconds: 1,
    // The fewest there may be.
    workerConnections: 64,
  },
  services: {
    ci: { concurrentStreams: 1000 },
    limited: { rate: { requestsPerSecond: 1, burst: 1 } },
    single: { concurrentStreams: 1 },
  },
};

let gateway: TestGateway;
let ends: LogEnds;
beforeAll(async () => {
  gateway = await startTestGateway(stack);
});
afterAll(() => gateway.stop());
beforeEach(async () => {
  gateway.upstream.reset();
  ends = await logEnds(gateway);
});
afterEach(() => expectNoSecretIn(gateway, ends));

const chat = '/ollama/api/chat';

async function withClient(
  protocol: Protocol,
  service: string,
  use: (client: Client) => Promise<unknown>,
): Promise<void> {
  const client = await openClient(gateway, { protocol, identity: await gateway.identity(service) });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

/** What the error log has gained since the test began. */
const newErrors = async (): Promise<string> => (await gateway.errorLog()).slice(ends['error.log']);

/** Holds all requests at the upstream until `release`. */
function heldUpstream(): { release: () => void } {
  const held = signal();
  gateway.upstream.respond(async () => {
    await held.given;
    return {};
  });
  return { release: () => held.give() };
}

describe.each(protocols)('over %s nothing is written of', (protocol) => {
  const failures: readonly (readonly [string, string, (client: Client) => Promise<unknown>])[] = [
    [
      'an upstream that resets',
      'ci',
      async (client) => {
        gateway.upstream.respond({ raw: '', connection: 'reset' });
        expect((await client.ask(secretRequest(chat))).status).toBe(502);
      },
    ],
    [
      'an upstream that closes',
      'ci',
      async (client) => {
        gateway.upstream.respond({ raw: 'HTTP/1.1 2', connection: 'close' });
        expect((await client.ask(secretRequest(chat))).status).toBe(502);
      },
    ],
    [
      'an upstream that closes in mid-stream',
      'ci',
      async (client) => {
        const raw = 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nbegun';
        gateway.upstream.respond({ raw, connection: 'close' });
        expect((await client.ask(secretRequest(chat))).outcome).toBe('aborted');
      },
    ],
    [
      'an upstream whose head nginx cannot read',
      'ci',
      async (client) => {
        gateway.upstream.respond({
          raw: `HTTP/1.1 200 OK\r\n${secret('head')} \x01\r\n\r\n`,
          connection: 'close',
        });
        expect((await client.ask(secretRequest(chat))).status).toBe(502);
      },
    ],
    [
      'an upstream whose head is too large',
      'ci',
      async (client) => {
        gateway.upstream.respond({ headers: [['X-Large', 'x'.repeat(100_000)]] });
        expect((await client.ask(secretRequest(chat))).status).toBe(502);
      },
    ],
    [
      'an upstream that breaks its own framing',
      'ci',
      async (client) => {
        const raw = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${secret('chunk')}\r\n`;
        gateway.upstream.respond({ raw, connection: 'close' });
        expect((await client.ask(secretRequest(chat))).outcome).toBe('aborted');
      },
    ],
    [
      'an upstream that says nothing in time',
      'ci',
      async (client) => {
        const { release } = heldUpstream();
        expect((await client.ask(secretRequest(chat))).status).toBe(504);
        release();
      },
    ],
    [
      'a rate exceeded',
      'limited',
      (client) => untilHolds(async () => (await client.ask(secretRequest(chat))).status === 429, 'a 429'),
    ],
    [
      'too many streams',
      'single',
      async (client) => {
        const begun = signal();
        const held = signal();
        gateway.upstream.respond(async () => {
          begun.give();
          await held.given;
          return {};
        });
        const stream = client.exchange(secretRequest(chat));
        await begun.given;
        expect((await client.ask(secretRequest(chat))).status).toBe(429);
        held.give();
        await stream.ended();
      },
    ],
    [
      'a body too large',
      'ci',
      async (client) => {
        const answer = await client.ask({ ...secretRequest(chat), body: secretBody.repeat(200) });
        expect(answer.status).toBe(413);
      },
    ],
    [
      'a body of unknown length too large',
      'ci',
      async (client) => {
        const answer = await client.ask({
          ...secretRequest(chat),
          body: secretBody.repeat(200),
          length: false,
        });
        expect(answer.status).toBe(413);
      },
    ],
    [
      'a body that stops',
      'ci',
      async (client) => {
        expect([0, 408]).toContain(
          (await client.exchange({ ...secretRequest(chat), open: true }).ended()).status,
        );
      },
    ],
    [
      'a body that goes to a temporary file',
      'ci',
      async (client) => {
        expect(
          (await client.ask({ ...secretRequest(chat), body: 'x'.repeat(8 * 1024), length: false })).status,
        ).toBe(200);
      },
    ],
    [
      'a client that goes away',
      'ci',
      async (client) => {
        const begun = signal();
        const held = signal();
        gateway.upstream.respond(async () => {
          begun.give();
          await held.given;
          return {};
        });
        const lines = (await gateway.accessLog()).length;
        const exchange = client.exchange(secretRequest(chat));
        await begun.given;
        exchange.abort();
        await untilHolds(async () => (await gateway.accessLog()).length > lines, 'the line of the request');
        held.give();
      },
    ],
    [
      'a route that is not there',
      'ci',
      async (client) => {
        expect((await client.ask(secretRequest('/ollama/api/pull'))).status).toBe(403);
      },
    ],
  ];
  test.each(failures)('%s', async (_name, service, act) => {
    await withClient(protocol, service, act);
    expect(await newErrors()).toBe('');
  });
});

describe('nothing is written of', () => {
  const tls = async () => {
    const identity = await gateway.identity('ci');
    return { ca: gateway.ca, servername: testServerName, cert: identity.cert, key: identity.keyPem };
  };
  const secrets = Object.entries(secretHeaders).map(([name, value]) => `${name}: ${value}`);
  const request = (line: string, ...fields: string[]): string =>
    [line, `Host: ${testServerName}`, ...secrets, ...fields, '', ''].join('\r\n');

  test.each([
    ['a header that is none', request(`GET ${chat}${secretQuery} HTTP/1.1`, `${secret('name')} "`)],
    ['a NUL in a header', request(`GET ${chat}${secretQuery} HTTP/1.1`, `X-Nul: \0${secret('nul')}`)],
    ['two hosts', request(`GET ${chat}${secretQuery} HTTP/1.1`, `Host: ${secret('host')}`)],
    ['a method that is none', request(`${secret('method')} ${chat}${secretQuery} HTTP/1.1`)],
    ['a version that is none', request(`GET ${chat}${secretQuery} ${secret('version')}`)],
    ['a path with an encoded NUL', request(`GET ${chat}%00${secretQuery} HTTP/1.1`)],
    ['a path that leads out of the root', request(`GET /../../${secretQuery} HTTP/1.1`)],
    [
      'a header too large',
      request(`GET ${chat}${secretQuery} HTTP/1.1`, `X: ${secret('large').repeat(500)}`),
    ],
    ['a request line too large', request(`GET ${chat}?${secret('large').repeat(500)} HTTP/1.1`)],
    ['two lengths', request(`POST ${chat}${secretQuery} HTTP/1.1`, 'Content-Length: 1', 'Content-Length: 2')],
    [
      'two framings',
      request(`POST ${chat}${secretQuery} HTTP/1.1`, 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    ],
    [
      'chunks that are none',
      `${request(`POST ${chat}${secretQuery} HTTP/1.1`, 'Transfer-Encoding: chunked')}${secret('chunk')}\r\n`,
    ],
    ['no HTTP at all', `${secret('no-http')}\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    for (const target of [
      { port: gateway.port, tls: await tls() },
      { port: gateway.port, tls: { ca: gateway.ca, servername: testServerName } },
      { port: gateway.port },
      { port: gateway.plainPort },
    ])
      expect((await rawHttp({ ...target, bytes })).response.status).not.toBe(200);
    expect(await newErrors()).toBe('');
  });

  test('headers that stop or break off', async () => {
    for (const how of ['wait', 'end', 'reset'] as const) {
      const connection = await openRawConnection({ port: gateway.port, tls: await tls() });
      await connection.write(request(`GET ${chat}${secretQuery} HTTP/1.1`).slice(0, -2));
      if (how === 'wait') await connection.read();
      else connection.close(how);
    }
    expect(await newErrors()).toBe('');
  });

  test('handshakes that fail', async () => {
    const target = { port: gateway.port, timeoutMs: 5000 };
    const record = Buffer.from([0x16, 0x03, 0x01, 0x00, 0x10]);
    // What is no handshake, and what pretends to be one.
    for (const bytes of [secret('no-handshake'), Buffer.concat([record, Buffer.from(secret('hello'))])])
      await rawHttp({ ...target, bytes });
    const old = { ...(await tls()), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const { error } = await rawHttp({ ...target, tls: old, bytes: request(`GET ${chat} HTTP/1.1`) });
    expect(error).toMatch(/PROTOCOL_VERSION/);
    expect(await newErrors()).toBe('');
  });
});

test('more requests than nginx has connections for are refused without a word', async () => {
  const { release } = heldUpstream();
  const identity = await gateway.identity('ci');
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => openClient(gateway, { protocol: 'HTTP/2', identity })),
  );
  // Each wants a connection to the upstream, and there are 64 for everything.
  const exchanges = clients.flatMap((client) =>
    Array.from({ length: 30 }, () => client.exchange(secretRequest(chat))),
  );
  try {
    await untilHolds(() => exchanges.some(({ status }) => status >= 500), 'a refusal');
  } finally {
    release();
    for (const client of clients) client.close();
  }
  // nginx may tell that they run out, at the level of its processes: without a word about requests.
  expect(await newErrors()).not.toMatch(/request:|client:|host:|referrer:/);
});

test('an upstream that is down is written of neither', async () => {
  // A second gateway, since nothing is left behind this one.
  const other = await startTestGateway(stack);
  try {
    await other.upstream.close();
    const before = await other.errorLog();
    for (const protocol of protocols) {
      const client = await openClient(other, { protocol, identity: await other.identity('ci') });
      expect((await client.ask(secretRequest(chat))).status).toBe(502);
      client.close();
    }
    expect((await other.errorLog()).slice(before.length)).toBe('');
    await expectNoSecretIn(other);
  } finally {
    await other.stop();
  }
});

describe('the life of the processes is told:', () => {
  test('a worker that was killed, and the one in its place', async () => {
    const [worker = 0] = (await workersOf(gateway.pid)).accepting;
    process.kill(worker, 'SIGKILL');
    await untilHolds(
      async () => (await newErrors()).includes(`worker process ${worker} exited on signal 9`),
      'its end',
    );
    await untilHolds(async () => /start worker process \d+/.test(await newErrors()), 'the start of the next');
    // And the next one serves.
    await untilHolds(async () => {
      const [next] = (await workersOf(gateway.pid)).accepting;
      return next !== undefined && next !== worker;
    }, 'the next worker');
    await withClient('HTTP/1.1', 'ci', async (client) => {
      expect((await client.ask(secretRequest('/ollama/api/tags', 'GET'))).status).toBe(200);
    });
  });

  test('a reload', async () => {
    await gateway.replace(stack);
    await untilHolds(
      async () => (await newErrors()).includes('gracefully shutting down'),
      'the end of the old worker',
    );
    const log = await newErrors();
    expect(log).toContain('signal 1 (SIGHUP) received');
    expect(log).toContain('reconfiguring');
    expect(log).toMatch(/start worker process \d+/);
  });
});
