import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerOf, openHttp2, openRawConnection, openRawHttp2, requestBytes } from '../support/raw-http.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  type StackInput,
  type TestGateway,
} from '../support/test-gateway.ts';
import { protocols, targetOf } from './support/asking.ts';
import { openClient } from './support/client.ts';
import { signal, untilHolds } from './support/waiting.ts';

const path = '/ollama/api/tags';
const get = requestBytes(`GET ${path} HTTP/1.1`, [['Host', testServerName]]);
const pseudo = { ':path': path, ':authority': testServerName };

const limitedBy = (gateway: Partial<NonNullable<StackInput['gateway']>>): StackInput => ({
  ...testConfiguration,
  gateway: { serverNames: [testServerName], ...gateway },
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

/** Asks over one HTTP/1.1 connection until `enough`; returns whether each answer announced the connection's end. */
async function endsAnnounced(enough: (ends: readonly boolean[]) => boolean): Promise<boolean[]> {
  const connection = await openRawConnection(targetOf(gateway, await gateway.identity('ci')));
  const ends: boolean[] = [];
  await untilHolds(async () => {
    await connection.write(get);
    const { response } = await connection.read();
    expect(response.status).toBe(200);
    ends.push(response.headers.some(([name, value]) => name === 'Connection' && value === 'close'));
    return enough(ends);
  }, 'the last answer of a connection');
  const { closed } = ends.at(-1) === true ? await connection.read({ timeoutMs: 5000 }) : { closed: false };
  expect(closed).toBe(ends.at(-1));
  connection.close('reset');
  return ends;
}

/** Asks over one HTTP/2 connection until it is closed; returns how many requests it carried. */
async function carriedUntilClosed(): Promise<number> {
  const connection = await openHttp2(targetOf(gateway, await gateway.identity('ci')));
  let carried = 0;
  await untilHolds(async () => {
    if (connection.closed) return true;
    const { status } = await connection.request({ headers: pseudo });
    if (status === 200) carried += 1;
    return status !== 200;
  }, 'the end of an HTTP/2 connection');
  connection.close();
  return carried;
}

describe('keepaliveTimeSeconds', () => {
  // As many requests as there are: the other limit is not to end them.
  beforeAll(() => gateway.replace(limitedBy({ keepaliveTimeSeconds: 1, keepaliveRequests: 1_000_000 })));

  test('ends an HTTP/1.1 connection that is used all the time', async () => {
    const ends = await endsAnnounced((all) => all.at(-1) === true);
    expect(ends.length).toBeGreaterThan(1);
    expect(ends.indexOf(true)).toBe(ends.length - 1);
  });

  test('ends an HTTP/2 connection that is used all the time', async () => {
    expect(await carriedUntilClosed()).toBeGreaterThan(1);
  });

  test('ends none by default that is young', async () => {
    await gateway.replace(limitedBy({}));
    expect(await endsAnnounced((all) => all.length === 50)).toEqual(Array.from({ length: 50 }, () => false));
  });
});

describe('keepaliveRequests', () => {
  beforeAll(() => gateway.replace(limitedBy({ keepaliveRequests: 3 })));

  test('is how many requests an HTTP/1.1 connection carries', async () => {
    expect(await endsAnnounced((all) => all.at(-1) === true)).toEqual([false, false, true]);
  });

  test('is how many requests an HTTP/2 connection carries', async () => {
    expect(await carriedUntilClosed()).toBe(3);
  });
});

test('http2MaxConcurrentStreams is how many streams an HTTP/2 connection has: one more is refused', async () => {
  await gateway.replace(limitedBy({ http2MaxConcurrentStreams: 2 }));
  const held = signal();
  gateway.upstream.respond('/api/tags', async () => {
    await held.given;
    return undefined;
  });
  const connection = await openRawHttp2(targetOf(gateway, await gateway.identity('ci')));
  try {
    const fields = [[':method', 'GET'], [':scheme', 'https'], ...Object.entries(pseudo)] as [
      string,
      string,
    ][];
    for (const stream of [1, 3, 5]) connection.headers(stream, fields);
    await connection.until(() => answerOf(connection.frames, 5).reset !== undefined);
    expect(answerOf(connection.frames, 5)).toMatchObject({ status: 0, reset: 'REFUSED_STREAM' });
    held.give();
    await connection.until(() => [1, 3].every((stream) => answerOf(connection.frames, stream).complete));
    for (const stream of [1, 3]) expect(answerOf(connection.frames, stream).status).toBe(200);
    expect(gateway.upstream.requests).toHaveLength(2);
  } finally {
    held.give();
    connection.close();
  }
});

test.each(protocols)(
  'workerShutdownTimeoutSeconds ends a response over %s that a reload found running',
  async (protocol) => {
    await gateway.replace(limitedBy({ workerShutdownTimeoutSeconds: 1 }));
    const held = signal();
    gateway.upstream.respond('/api/chat', () => ({
      body: (async function* () {
        yield 'begun';
        await held.given;
      })(),
    }));
    const client = await openClient(gateway, { protocol, identity: await gateway.identity('ci') });
    try {
      const stream = client.exchange({ path: '/ollama/api/chat', body: '{}' });
      await stream.until(() => stream.received.includes('begun'));
      await gateway.replace(limitedBy({}));
      expect((await stream.ended()).outcome).toBe('aborted');
      expect(String(stream.received)).toBe('begun');
    } finally {
      held.give();
      client.close();
    }
  },
);
