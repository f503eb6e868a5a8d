import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ollamaRoutes, type OllamaRoute } from '../../lib/config/ollama-routes.ts';
import {
  startTestGateway,
  testConfiguration,
  type StackInput,
  type TestGateway,
  type TestIdentity,
} from '../support/test-gateway.ts';
import { openClient, protocols, type ClientRequest, type Exchange, type Protocol } from './support/client.ts';
import { publicPath } from './support/ollama-api.ts';
import { signal, untilHolds, type Signal } from './support/waiting.ts';

// Every test has a source address of its own (all of 127.0.0.0/8 is loopback on Linux): a counter that another test
// has filled would decide its outcome. One request a second is the slowest rate there is, so that next to nothing
// comes back while a burst is sent; what may have come back is counted by the clock, whatever it takes.
const wide = { requestsPerSecond: 10_000, burst: 10_000 };
const perAddress = { requestsPerSecond: 1, burst: 3 };
const perIdentity = { requestsPerSecond: 1, burst: 5 };
const ownRate = { requestsPerSecond: 1, burst: 1 };
const stack: StackInput = {
  ...testConfiguration,
  limits: { perAddress, perIdentity: { ...perIdentity, concurrentStreams: 100 } },
  services: {
    // Bounded by its address alone.
    free: { rate: wide, concurrentStreams: 100 },
    ...Object.fromEntries(
      protocols.flatMap((_, number) => [
        [`shared-${number}`, {}],
        [`beside-${number}`, {}],
        [`own-${number}`, { rate: ownRate }],
      ]),
    ),
    streamer: { rate: wide, concurrentStreams: 3 },
    reader: { routes: ['read'], rate: wide },
  },
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(stack);
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

let lastAddress = 1;
const freshAddress = (): string => `127.0.9.${(lastAddress += 1)}`;

const inferenceRoutes: OllamaRoute[] = ollamaRoutes.filter((route) => route.class === 'inference');
const readRoutes: OllamaRoute[] = ollamaRoutes.filter((route) => route.class === 'read');
const chat: ClientRequest = { method: 'POST', path: '/ollama/api/chat', body: '{}' };

interface Burst {
  readonly answers: readonly Exchange[];
  readonly passed: number;
  readonly seconds: number;
}

/** Sends all requests at once and waits for all answers. */
async function burst(
  options: { protocol: Protocol; localAddress: string; service?: string },
  requests: readonly ClientRequest[],
): Promise<Burst> {
  const { service, ...rest } = options;
  const identity: TestIdentity | undefined =
    service === undefined ? undefined : await gateway.identity(service);
  const client = await openClient(gateway, { ...rest, ...(identity === undefined ? {} : { identity }) });
  const start = performance.now();
  const answers = await Promise.all(requests.map((request) => client.ask(request)));
  const seconds = (performance.now() - start) / 1000;
  client.close();
  return { answers, passed: answers.filter(({ status }) => status === 200).length, seconds };
}

const times = (number: number, request: ClientRequest): ClientRequest[] =>
  Array.from({ length: number }, () => request);

/** At least the burst and one passed, at most what the rate gave back in the meantime more. The rest is 429. */
async function expectLimited(
  { answers, passed, seconds }: Burst,
  limit: { requestsPerSecond: number; burst: number },
): Promise<void> {
  expect(passed).toBeGreaterThanOrEqual(limit.burst + 1);
  // nginx counts in whole milliseconds.
  expect(passed).toBeLessThanOrEqual(limit.burst + 1 + limit.requestsPerSecond * (seconds + 0.002));
  expect(answers.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual(
    Array.from({ length: answers.length - passed }, () => 429),
  );
  await gateway.upstream.settle();
  expect(gateway.upstream.requests).toHaveLength(passed);
}

function expectRefusal(answer: Exchange | undefined): void {
  expect(answer?.status).toBe(429);
  expect(answer?.headers['content-type']).toBe('application/json');
  expect(Number(answer?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(JSON.parse(String(answer?.received))).toEqual({ error: expect.any(String) as string });
  expect(answer?.headers['server'] ?? 'nginx').toBe('nginx');
}

describe.each(protocols)('over %s', (protocol) => {
  const suffix = protocols.indexOf(protocol);

  test.each(inferenceRoutes.map((route) => [route.name, route] as const))(
    'an address has one rate on %s',
    async (_name, route) => {
      const requests = times(10, { method: 'POST', path: publicPath(route), body: '{}' });
      const sent = await burst({ protocol, localAddress: freshAddress(), service: 'free' }, requests);
      await expectLimited(sent, perAddress);
      expectRefusal(sent.answers.find(({ status }) => status !== 200));
      expect(gateway.upstream.requests.map(({ target }) => target)).toEqual(
        Array.from({ length: sent.passed }, () => route.path),
      );
    },
  );

  test('all inference routes count together', async () => {
    const requests = inferenceRoutes.map((route) => ({
      method: 'POST',
      path: publicPath(route),
      body: '{}',
    }));
    expect(requests.length).toBeGreaterThan(perAddress.burst + 2);
    const sent = await burst({ protocol, localAddress: freshAddress(), service: 'free' }, requests);
    await expectLimited(sent, perAddress);
  });

  test.each(readRoutes.map((route) => [route.name, route] as const))(
    '%s has no rate and uses none up',
    async (_name, route) => {
      const localAddress = freshAddress();
      const requests = times(12, {
        method: route.methods[0] ?? 'GET',
        path: publicPath(route),
        ...(route.methods[0] === 'POST' ? { body: '{}' } : {}),
      });
      const read = await burst({ protocol, localAddress, service: 'free' }, requests);
      expect(read.passed).toBe(12);
      const after = await burst({ protocol, localAddress, service: 'free' }, times(4, chat));
      expect(after.passed).toBe(4);
    },
  );

  test('an identity has one rate from all addresses, beside that of each address', async () => {
    const [first, second] = [freshAddress(), freshAddress()];
    const service = `shared-${suffix}`;
    const start = performance.now();
    const before = await burst({ protocol, localAddress: first, service }, times(4, chat));
    expect(before.passed).toBe(4);
    const there = await burst({ protocol, localAddress: second, service }, times(4, chat));
    const seconds = (performance.now() - start) / 1000;
    // Six at once are the identity's, of which four are gone; the second address alone would have let all four in.
    expect(there.passed).toBeGreaterThanOrEqual(2);
    expect(there.passed).toBeLessThanOrEqual(2 + perIdentity.requestsPerSecond * (seconds + 0.002));
    expectRefusal(there.answers.find(({ status }) => status !== 200));
    // Another identity finds its own rate whole, and what was refused to the first took nothing from the address.
    const left = await burst(
      { protocol, localAddress: second, service: `beside-${suffix}` },
      times(4 - there.passed, chat),
    );
    expect(left.passed).toBe(4 - there.passed);
    const elsewhere = await burst(
      { protocol, localAddress: freshAddress(), service: `beside-${suffix}` },
      times(4, chat),
    );
    expect(elsewhere.passed).toBe(4);
  });

  test("a service's own rate replaces the common one", async () => {
    const sent = await burst(
      { protocol, localAddress: freshAddress(), service: `own-${suffix}` },
      times(4, chat),
    );
    await expectLimited(sent, ownRate);
  });

  const spellings = [
    '/ollama/api/chat?x=1',
    '/ollama/api/chat?',
    '//ollama/api/chat',
    '/ollama//api///chat',
    '/ollama/./api/chat',
    '/ollama/api/generate/../chat',
    '/%6fllama/api/chat',
    '/ollama/api/%63hat',
    '/ollama/%2e/api/chat',
    '/ollama/api/x/%2e%2e/chat',
    '/ollama%2fapi%2fchat',
    '/ollama/api/chat?/../../api/tags',
  ];
  test('no spelling of a path, no query and no header finds a counter of its own', async () => {
    const requests = spellings.map((path, number) => ({
      ...chat,
      path,
      headers: {
        'x-forwarded-for': `10.0.0.${number}`,
        'x-real-ip': `10.0.0.${number}`,
        forwarded: `for=10.0.0.${number}`,
        'x-service-name': `service-${number}`,
        authorization: `Bearer ${number}`,
      },
    }));
    const sent = await burst({ protocol, localAddress: freshAddress(), service: 'free' }, requests);
    await expectLimited(sent, perAddress);
  });

  test.each<[string, string | undefined, ClientRequest, number]>([
    ['without a certificate', undefined, chat, 401],
    ['by a service that may not infer', 'reader', chat, 403],
    ['by HEAD', 'free', { method: 'HEAD', path: '/ollama/api/chat' }, 403],
    ['by GET', 'free', { path: '/ollama/api/chat' }, 403],
    ['for a route that is not there', 'free', { ...chat, path: '/ollama/api/pull' }, 403],
    ['for another host', 'free', { ...chat, path: '/ollama/api/chat', headers: foreignHost(protocol) }, 421],
  ])('requests %s use up nothing', async (_name, service, request, status) => {
    const localAddress = freshAddress();
    const refused = await burst(
      { protocol, localAddress, ...(service === undefined ? {} : { service }) },
      times(12, request),
    );
    expect(refused.answers.map((answer) => answer.status)).toEqual(Array.from({ length: 12 }, () => status));
    expect(gateway.upstream.bytesReceived).toBe(0);
    const after = await burst({ protocol, localAddress, service: 'free' }, times(4, chat));
    expect(after.passed).toBe(4);
  });

  test('bodies that show a model count among its streams', async () => {
    const identity = await gateway.identity('streamer');
    const client = await openClient(gateway, { protocol, identity, localAddress: freshAddress() });
    const show: ClientRequest = { method: 'POST', path: '/ollama/api/show', body: '{}' };
    try {
      const unfinished = Array.from({ length: 3 }, () => client.exchange({ ...show, body: '{', open: true }));
      await untilHolds(async () => (await client.ask(show)).status === 429, 'the bodies to be counted');
      expectRefusal(await client.ask(show));
      expectRefusal(await client.ask(chat));
      expect((await client.ask({ path: '/ollama/api/tags' })).status).toBe(200);
      const other = await burst({ protocol, localAddress: freshAddress(), service: 'free' }, [show]);
      expect(other.passed).toBe(1);
      for (const upload of unfinished) upload.end();
      for (const upload of unfinished) expect((await upload.ended()).status).toBe(200);
      await untilHolds(async () => (await client.ask(show)).status === 200, 'a place after the bodies');
    } finally {
      client.close();
    }
  });

  test('an identity has so many streams at a time and no more, whatever its addresses', async () => {
    const held: Signal[] = [];
    gateway.upstream.respond('/api/chat', () => {
      const release = signal();
      held.push(release);
      return {
        body: (async function* () {
          yield '{"part":1}\n';
          await release.given;
          yield '{"done":true}\n';
        })(),
      };
    });
    const identity = await gateway.identity('streamer');
    const open = async () => openClient(gateway, { protocol, identity, localAddress: freshAddress() });
    const [one, two] = [await open(), await open()];
    const clients = [one, two];
    try {
      const streams = [one.exchange(chat), one.exchange(chat), two.exchange(chat)];
      for (const stream of streams) await stream.until(() => stream.received.includes('part'));

      for (const client of clients) expectRefusal(await client.ask(chat));
      expectRefusal(await two.ask({ ...chat, path: '/ollama/v1/chat/completions' }));
      // Reading goes on, and so does everybody else.
      expect((await two.ask({ path: '/ollama/api/tags' })).status).toBe(200);
      const other = await burst({ protocol, localAddress: freshAddress(), service: 'free' }, [
        { ...chat, path: '/ollama/api/embed' },
      ]);
      expect(other.passed).toBe(1);
      expect(gateway.upstream.requests.map(({ target }) => target)).toEqual([
        ...['/api/chat', '/api/chat', '/api/chat'],
        ...['/api/tags', '/api/embed'],
      ]);

      held[0]?.give();
      await untilHolds(() => streams.some(({ outcome }) => outcome === 'complete'), 'the end of one stream');
      const next = two.exchange(chat);
      await next.until(() => next.received.includes('part'));
      expectRefusal(await one.ask(chat));

      // A stream that its client gave up is none any more.
      next.abort();
      const third = await open();
      clients.push(third);
      await untilHolds(async () => {
        const status = (await third.ask({ ...chat, path: '/ollama/api/embed' })).status;
        return status === 200;
      }, 'a place after a stream was given up');
    } finally {
      for (const release of held) release.give();
      for (const client of clients) client.close();
    }
  });
});

function foreignHost(protocol: Protocol): Record<string, string> {
  return protocol === 'HTTP/2' ? { ':authority': 'other.test' } : { host: 'other.test' };
}

describe('by default', () => {
  let defaults: TestGateway;
  beforeAll(async () => {
    defaults = await startTestGateway({
      gateway: stack.gateway,
      services: { ci: {}, second: {}, third: {}, fourth: {} },
    });
  });
  afterAll(() => defaults.stop());

  const open = async (service: string, localAddress: string) =>
    openClient(defaults, { protocol: 'HTTP/2', identity: await defaults.identity(service), localAddress });

  test.each([
    ['an address lets 11 requests in at once and 5 a second', ['ci', 'second'], 1],
    ['an identity lets 11 requests in at once and 5 a second', ['third'], 2],
  ])('%s', async (_name, services, addresses) => {
    const sources = Array.from({ length: addresses }, freshAddress);
    const clients = await Promise.all(
      services.flatMap((service) => sources.map((source) => open(service, source))),
    );
    const start = performance.now();
    const statuses: number[] = [];
    // One after the other, for fewer would be let in side by side.
    for (let number = 0; number < 10; number += 1)
      for (const client of clients) statuses.push((await client.ask(chat)).status);
    const seconds = (performance.now() - start) / 1000;
    for (const client of clients) client.close();
    const passed = statuses.filter((status) => status === 200).length;
    expect(passed).toBeGreaterThanOrEqual(11);
    expect(passed).toBeLessThanOrEqual(11 + 5 * (seconds + 0.002));
    expect(statuses.filter((status) => status === 429)).toHaveLength(20 - passed);
  });

  test('an identity has 8 streams at a time', async () => {
    const release = signal();
    defaults.upstream.respond('/api/chat', () => ({
      body: (async function* () {
        yield 'begun';
        await release.given;
      })(),
    }));
    const client = await open('fourth', freshAddress());
    const streams = Array.from({ length: 8 }, () => client.exchange(chat));
    try {
      for (const stream of streams) await stream.until(() => stream.received.includes('begun'));
      expectRefusal(await client.ask(chat));
      release.give();
      for (const stream of streams) expect((await stream.ended()).status).toBe(200);
    } finally {
      release.give();
      client.close();
    }
  });
});
