import { createHash, randomBytes } from 'node:crypto';
import { constants, existsSync, readdirSync, readFileSync, readlinkSync, statSync, watch } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ollamaRoutes, type OllamaRoute } from '../../lib/config/ollama-routes.ts';
import { findNginx } from '../../lib/sandbox/nginx-program.ts';
import { workersOf } from '../../lib/sandbox/nginx-workers.ts';
import { openRawConnection, rawHttp, requestBytes } from '../support/raw-http.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  type StackInput,
  type TestGateway,
} from '../support/test-gateway.ts';
import { openClient, protocols, type Client, type ClientRequest, type Protocol } from './support/client.ts';
import { publicPath } from './support/ollama-api.ts';
import { untilHolds } from './support/waiting.ts';

const stackWith = (clientMaxBodySizeKiB?: number): StackInput => ({
  ...testConfiguration,
  gateway: {
    serverNames: [testServerName],
    ...(clientMaxBodySizeKiB === undefined ? {} : { clientMaxBodySizeKiB }),
  },
  services: {
    ...testConfiguration.services,
    limited: { rate: { requestsPerSecond: 1, burst: 1 } },
  },
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(stackWith());
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

async function withClient(
  protocol: Protocol,
  service: string | undefined,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const identity = service === undefined ? undefined : await gateway.identity(service);
  const client = await openClient(gateway, { protocol, ...(identity === undefined ? {} : { identity }) });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Both ways to send a body: its length known at its start, or found out at its end. */
const framings = protocols.flatMap((protocol) => [
  { protocol, length: true, name: `${protocol} with Content-Length` },
  {
    protocol,
    length: false,
    name: `${protocol} ${protocol === 'HTTP/2' ? 'without a length' : 'in chunks'}`,
  },
]);

describe.each([
  ['8 MiB, the default', undefined, 8 * 1024 * 1024],
  ['1 KiB', 1, 1024],
  ['100 KiB', 100, 100 * 1024],
])('a limit of %s', (_name, configured, limit) => {
  beforeAll(() => gateway.replace(stackWith(configured)));

  test.each(framings)('$name: exactly that much arrives unchanged', async ({ protocol, length }) => {
    const body = randomBytes(limit);
    await withClient(protocol, 'ci', async (client) => {
      const answer = await client.ask({ path: '/ollama/api/chat', body, length });
      expect(answer.status).toBe(200);
    });
    const [request] = gateway.upstream.requests;
    expect(gateway.upstream.requests).toHaveLength(1);
    expect(request?.complete).toBe(true);
    expect(request?.departures).toEqual([]);
    expect(request?.body.length).toBe(limit);
    expect(sha256(request?.body ?? Buffer.alloc(0))).toBe(sha256(body));
  });

  test.each(framings)('$name: one byte more is 413, and none arrives', async ({ protocol, length }) => {
    await withClient(protocol, 'ci', async (client) => {
      const answer = await client.ask({ path: '/ollama/api/chat', body: randomBytes(limit + 1), length });
      expect(answer.status).toBe(413);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(JSON.parse(String(answer.received))).toEqual({ error: expect.any(String) as string });
    });
    await gateway.upstream.settle();
    expect(gateway.upstream.bytesReceived).toBe(0);
  });
});

test('a length announced beyond the limit is refused before the body is sent', async () => {
  const identity = await gateway.identity('ci');
  const { response } = await rawHttp({
    port: gateway.port,
    tls: { ca: gateway.ca, servername: testServerName, cert: identity.cert, key: identity.keyPem },
    bytes: requestBytes('POST /ollama/api/chat HTTP/1.1', [
      ['Host', testServerName],
      ['Content-Length', '999999999999'],
    ]),
  });
  expect(response.status).toBe(413);
  expect(gateway.upstream.bytesReceived).toBe(0);
});

describe('routes that read', () => {
  beforeAll(() => gateway.replace(stackWith()));
  /** What describes a body whose length is not announced, for methods that Node sends without a word about it. */
  const chunked = ({ protocol, length }: { protocol: Protocol; length: boolean }): Record<string, string> =>
    protocol === 'HTTP/1.1' && !length ? { 'transfer-encoding': 'chunked' } : {};
  const bodiless = ollamaRoutes
    .filter(({ methods }: OllamaRoute) => !methods.includes('POST'))
    .flatMap(({ methods, ...route }: OllamaRoute) =>
      framings.flatMap((framing) =>
        methods.map((method) => ({ ...framing, method, path: publicPath(route), name: framing.name })),
      ),
    );

  test.each(bodiless)('$method $path, $name: a body is 413, and nothing arrives', async (row) => {
    const { protocol, length, method, path } = row;
    await withClient(protocol, 'ci', async (client) => {
      const answer = await client.ask({ method, path, body: '{}', length, headers: chunked(row) });
      expect(answer.status).toBe(413);
      if (method !== 'HEAD') {
        expect(answer.headers['content-type']).toBe('application/json');
        expect(JSON.parse(String(answer.received))).toEqual({ error: expect.any(String) as string });
      }
    });
    await gateway.upstream.settle();
    expect(gateway.upstream.bytesReceived).toBe(0);
  });

  test.each(framings)('$name: a single byte is taken and not passed on', async (framing) => {
    const { protocol, length } = framing;
    await withClient(protocol, 'ci', async (client) => {
      const request = {
        method: 'GET',
        path: '/ollama/api/tags',
        body: 'x',
        length,
        headers: chunked(framing),
      };
      expect((await client.ask(request)).status).toBe(200);
      expect((await client.ask({ path: '/ollama/api/ps' })).status).toBe(200);
    });
    await gateway.upstream.settle();
    expect(gateway.upstream.malformed).toEqual([]);
    expect(gateway.upstream.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'GET /api/tags',
      'GET /api/ps',
    ]);
    for (const { body, headers } of gateway.upstream.requests) {
      expect(body.length).toBe(0);
      expect(headers.map(([name]) => name)).toEqual(['Host', 'X-Request-Id', 'X-Service-Name']);
    }
  });

  test.each([
    ['64 KiB by default', undefined, 64 * 1024],
    ['the limit of all bodies, where that is less', 16, 16 * 1024],
  ])('POST /api/show takes a body of %s', async (_name, configured, limit) => {
    await gateway.replace(stackWith(configured));
    for (const { protocol, length } of framings) {
      gateway.upstream.reset();
      await withClient(protocol, 'ci', async (client) => {
        const show = (size: number) =>
          client.ask({ path: '/ollama/api/show', body: randomBytes(size), length });
        expect((await show(limit)).status).toBe(200);
        expect((await show(limit + 1)).status).toBe(413);
      });
      await gateway.upstream.settle();
      expect(gateway.upstream.requests.map(({ body }) => body.length)).toEqual([limit]);
    }
  });
});

const onLinux = process.platform === 'linux';
const memory = onLinux && (existsSync('/dev/shm') || Boolean(process.env['XDG_RUNTIME_DIR']));
if (!memory)
  console.warn('bodies.test.ts: no /proc or no file system in memory here; where bodies go is not tested');

/** Compiled-in defaults of nginx: where it would write with no path of ours. */
async function compiledInFolders(): Promise<string[]> {
  const { path } = await findNginx();
  const build = execFileSync('/bin/sh', ['-c', '"$1" -V 2>&1', 'sh', path]).toString();
  return [...build.matchAll(/--(?:prefix|http-[a-z]+-temp-path)=(\S+)/g)]
    .map((match) => match[1] ?? '')
    .filter((folder) => existsSync(folder));
}

/** Every regular file under the folders with its size. Folders that go away meanwhile are empty. */
function filesUnder(folders: readonly string[]): Map<string, number> {
  const files = new Map<string, number>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) files.set(path, statSync(path).size);
    }
  };
  for (const folder of folders) visit(folder);
  return files;
}

/** The regular files that a process has open for writing, deleted ones too. */
function filesOpenForWriting(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    const link = `/proc/${pid}/fd/${descriptor}`;
    try {
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))?.[1];
      const forWriting = (Number.parseInt(flags ?? '0', 8) & (constants.O_WRONLY | constants.O_RDWR)) > 0;
      return forWriting && statSync(link).isFile() ? [readlinkSync(link)] : [];
    } catch (error) {
      // Closed while we looked, so not where a body is kept that is still coming in.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

describe.skipIf(!memory)('no body reaches a disk', () => {
  const limit = 64 * 1024;
  let folders: string[];
  beforeAll(async () => {
    await gateway.replace(stackWith(64));
    folders = [gateway.folder, ...(await compiledInFolders())];
  });

  test("nginx's temporary files are in memory", async () => {
    // TMPFS_MAGIC, statfs(2).
    expect((await statfs(gateway.runtimeDirectory)).type).toBe(0x01021994);
  });

  // The framing of one-byte chunks is five times the body, and outgrows the buffer that the whole body would fit into.
  const oneByteChunks = (bytes: Buffer): Buffer =>
    Buffer.concat([...bytes].map((byte) => Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a])));

  test.each<[string, Protocol, boolean]>([
    ['chunks of one byte', 'HTTP/1.1', true],
    ['a body as large as the limit, HTTP/1.1', 'HTTP/1.1', false],
    ['a body as large as the limit, HTTP/2', 'HTTP/2', false],
  ])('%s', async (_name, protocol, spills) => {
    const [worker = 0] = (await workersOf(gateway.pid)).accepting;
    const touched = new Set<string>();
    const watchers = folders.map((folder) =>
      watch(folder, { recursive: true }, (_event, file) => touched.add(join(folder, file ?? '?'))),
    );
    try {
      const before = filesUnder(folders);
      const body = randomBytes(limit);
      // nginx removes the name of a temporary file as soon as it is open: its descriptor tells of it.
      const uploads = () =>
        filesOpenForWriting(worker).filter((path) => path.startsWith(gateway.runtimeDirectory));
      const check = (): void => {
        for (const path of filesOpenForWriting(worker))
          expect(
            path.startsWith(gateway.logDirectory) || path.startsWith(gateway.runtimeDirectory),
            `nginx writes to ${path}`,
          ).toBe(true);
        const now = filesUnder(folders);
        for (const log of ['access.log', 'error.log']) {
          before.delete(join(gateway.logDirectory, log));
          now.delete(join(gateway.logDirectory, log));
        }
        expect(now).toEqual(before);
      };
      const identity = await gateway.identity('ci');
      if (spills) {
        const connection = await openRawConnection({
          port: gateway.port,
          tls: { ca: gateway.ca, servername: testServerName, cert: identity.cert, key: identity.keyPem },
        });
        await connection.write(
          requestBytes(
            'POST /ollama/api/chat HTTP/1.1',
            [
              ['Host', testServerName],
              ['Transfer-Encoding', 'chunked'],
            ],
            oneByteChunks(body),
          ),
        );
        // All but the end: what nginx has stored of it, it has stored now.
        await untilHolds(() => uploads().length > 0, 'a temporary file');
        check();
        await connection.write('0\r\n\r\n');
        expect((await connection.read()).response.status).toBe(200);
        connection.close();
      } else {
        await withClient(protocol, 'ci', async (client) => {
          const upload = client.exchange({ path: '/ollama/api/chat', body, open: true });
          // Its answer comes after these bytes, on the same worker.
          await client.ask({ path: '/ollama/api/tags' });
          check();
          upload.end();
          expect((await upload.ended()).status).toBe(200);
        });
      }
      check();
      const [request] = gateway.upstream.requests.filter(({ method }) => method === 'POST');
      expect(sha256(request?.body ?? Buffer.alloc(0))).toBe(sha256(body));
      await untilHolds(() => uploads().length === 0, 'the temporary file to go');
      const logs = ['access.log', 'error.log'].map((log) => join(gateway.logDirectory, log));
      // A change of a folder is told by its name too.
      expect([...touched].filter((path) => !logs.includes(path))).toEqual([]);
    } finally {
      for (const watcher of watchers) watcher.close();
    }
  });

  const chat: Omit<ClientRequest, 'body'> = { method: 'POST', path: '/ollama/api/chat' };
  test.each(
    protocols.flatMap((protocol) =>
      (
        [
          ['401, without a certificate', undefined, chat, 401],
          ['403, a route that the service may not use', 'reader', chat, 403],
          ['403, a route that is not there', 'ci', { ...chat, path: '/ollama/api/pull' }, 403],
          ['429', 'limited', chat, 429],
        ] as const
      ).map(([name, service, request, status]) => ({ protocol, name, service, request, status })),
    ),
  )('$protocol: a body refused with $name is neither stored nor sent on', async (row) => {
    const { protocol, service, request, status } = row;
    const [worker = 0] = (await workersOf(gateway.pid)).accepting;
    await withClient(protocol, service, async (client) => {
      if (status === 429) {
        // The last refusal counts: how many passed before is the clock's doing.
        await untilHolds(async () => (await client.ask({ ...chat, body: '{}' })).status === 429, 'a 429');
        gateway.upstream.reset();
      }
      const before = filesUnder([gateway.runtimeDirectory]);
      const upload = client.exchange({ ...request, body: 'x'.repeat(limit / 2), open: true });
      await upload.until(() => upload.status !== 0);
      expect(upload.status).toBe(status);
      expect(filesUnder([gateway.runtimeDirectory])).toEqual(before);
      for (const path of filesOpenForWriting(worker)) expect(path).toMatch(/\.log$/);
      upload.abort();
    });
    await gateway.upstream.settle();
    expect(gateway.upstream.bytesReceived).toBe(0);
  });
});

test('the plain port stores and sends on nothing of a body', async () => {
  const before = filesUnder([gateway.runtimeDirectory, gateway.folder]);
  const { response } = await rawHttp({
    port: gateway.plainPort,
    bytes: requestBytes(
      'POST /ollama/api/chat HTTP/1.1',
      [
        ['Host', testServerName],
        ['Content-Length', '200000'],
      ],
      'x'.repeat(100_000),
    ),
  });
  expect(response.status).toBe(401);
  const after = filesUnder([gateway.runtimeDirectory, gateway.folder]);
  for (const files of [before, after]) files.delete(join(gateway.logDirectory, 'access.log'));
  expect(after).toEqual(before);
  expect(gateway.upstream.bytesReceived).toBe(0);
});
