import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { valuesOf } from '../support/raw-http.ts';
import { startTestGateway, testConfiguration, type TestGateway } from '../support/test-gateway.ts';
import {
  clientFor,
  expectError,
  expectNoVersion,
  protocols,
  requestsAt,
  targetOf,
  type Client,
  type Protocol,
} from './support/asking.ts';
import { mayCall, ollamaApi, takesNoBody, unknownPaths } from './support/ollama-api.ts';

const methods = 'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND'.split(' ');
const withBody = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** nginx refuses these before it knows who asks. */
const refusedByNginx = new Set(['TRACE', 'CONNECT']);
const paths = [...new Set([...ollamaApi.map(({ path }) => path), ...unknownPaths])];
const services = Object.keys(mayCall);

interface Caller {
  readonly service: string;
  readonly protocol: Protocol;
  readonly client: Client;
}

let gateway: TestGateway;
let clients: readonly Caller[] = [];

beforeAll(async () => {
  gateway = await startTestGateway();
  const identities = await Promise.all(services.map((service) => gateway.identity(service)));
  clients = identities.flatMap((identity) =>
    protocols.map((protocol) => ({
      service: identity.service,
      protocol,
      client: clientFor(protocol, targetOf(gateway, identity)),
    })),
  );
});
afterAll(async () => {
  for (const { client } of clients) client.close();
  await gateway.stop();
});
beforeEach(() => gateway.upstream.reset());

test('the services under test are those of the test configuration', () => {
  expect(services).toEqual(Object.keys(testConfiguration.services));
});

/** Asks for a path by every method; returns what has to have reached the upstream. */
async function askByEveryMethod({ service, protocol, client }: Caller, path: string): Promise<string[]> {
  const forwarded: string[] = [];
  for (const method of methods) {
    const body = withBody.has(method) ? `{"model":"${method}"}` : undefined;
    const answer = await client.ask({
      method,
      path: `/ollama${path}?stream=false&path=/api/delete`,
      ...(body === undefined ? {} : { body }),
    });
    const what = `${service}: ${method} -> ${answer.status}`;
    if (mayCall[service]?.(method, path) === true) {
      expect(what).toBe(`${service}: ${method} -> 200`);
      expect(answer.body).toBe(method === 'HEAD' ? '' : '{}');
      forwarded.push(`${service}: ${method} ${path} ${body ?? ''}`);
    } else if (refusedByNginx.has(method)) {
      expect(what).toMatch(/-> 40[05]$/);
      if (answer.status === 405) expect(JSON.parse(answer.body)).toHaveProperty('error');
    } else {
      // A length that is announced where no body is taken is refused before the method. Over HTTP/2 none is announced.
      const refusal = body !== undefined && protocol === 'HTTP/1.1' && takesNoBody(path) ? 413 : 403;
      expect(what).toBe(`${service}: ${method} -> ${refusal}`);
      if (method === 'HEAD') expectNoVersion(answer);
      else expectError(answer, refusal);
    }
  }
  return forwarded;
}

test.each(paths)('%s by every method and every service: forwarded where it may be called', async (path) => {
  const forwarded = await Promise.all(clients.map((caller) => askByEveryMethod(caller, path)));
  const seen = (await requestsAt(gateway.upstream)).map(
    ({ method, target, headers, body }) =>
      `${valuesOf(headers, 'x-service-name').join()}: ${method} ${target} ${body.toString()}`,
  );
  expect(seen.sort()).toEqual(forwarded.flat().sort());
});

test.each(paths)('%s without the prefix /ollama is not there, whoever asks', async (path) => {
  for (const { client } of clients) {
    for (const method of ['GET', 'POST']) {
      const answer = await client.ask({ method, path, ...(method === 'POST' ? { body: '{}' } : {}) });
      expectError(answer, 403);
    }
  }
  expect(await requestsAt(gateway.upstream)).toEqual([]);
});

const closedRoutes = ollamaApi
  .filter((route) => route.class === 'mutating' || route.class === 'account')
  .flatMap((route) => route.methods.map((method) => `${method} ${route.path}`));

test.each([
  ...closedRoutes,
  'POST /api/blobs/:digest',
  'DELETE /api/user/keys/:key',
  ...['mutating', 'account', 'admin', 'all', '*', '', 'read ', 'POST:/api/chat', 'get /api/tags'],
])('no configuration opens the route %j', (route) => {
  const open = () =>
    parseConfig(
      { stacks: { test: { ...testConfiguration, services: { ci: { routes: ['read', route] } } } } },
      'test',
    );
  expect(open).toThrow(/stacks\.test\.services\.ci\.routes\[?\.?1/);
});
