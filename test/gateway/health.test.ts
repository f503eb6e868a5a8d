import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { issueClient } from '../../lib/pki/authority.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { startTestGateway, testStack, type TestGateway } from '../support/test-gateway.ts';
import { expectNothingAt, seenBy } from './support/asking.ts';
import { ollamaApi, takesNoBody } from './support/ollama-api.ts';
import { openClient, protocols, type ClientRequest, type Protocol } from './support/client.ts';

let gateway: TestGateway;
/** The certificate that the machine's own check has; no service of the sandbox does. */
let identity: { cert: string; keyPem: string };

beforeAll(async () => {
  gateway = await startTestGateway();
  const { certificate, key } = loadAuthority(join(gateway.folder, 'pki'));
  if (key === undefined) throw new Error('the CA of the test has no key');
  const publicKey = await generateKey();
  const health = { stack: testStack, service: 'health', generation: 1 };
  const request = { identity: health, publicKey, lifetimeDays: 1, now: new Date() };
  identity = {
    cert: await issueClient({ certificate, key }, request),
    keyPem: privateKeyPem(publicKey),
  };
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

async function ask(protocol: Protocol, localAddress: string, request: ClientRequest): Promise<number> {
  const client = await openClient(gateway, { protocol, identity, localAddress });
  try {
    return (await client.ask(request)).status;
  } finally {
    client.close();
  }
}

describe.each(protocols)('the health identity over %s', (protocol) => {
  const version = { path: '/ollama/api/version' };

  test('reads the version from the machine itself', async () => {
    expect(await ask(protocol, '127.0.0.1', version)).toBe(200);
    expect(await seenBy(gateway.upstream)).toEqual(['GET /api/version']);
  });

  test.each(['127.0.0.2', '127.1.0.1'])('is 401 from another address: %s', async (address) => {
    expect(await ask(protocol, address, version)).toBe(401);
    await expectNothingAt(gateway.upstream);
  });

  test('may do nothing else', async () => {
    for (const { methods, path } of ollamaApi.filter((route) => route.path !== '/api/version')) {
      for (const method of methods) {
        const request = { method, path: `/ollama${path}`, ...(method === 'POST' ? { body: '{}' } : {}) };
        // A body where none is taken is refused by its length, before it is known who may call what.
        const refusal = method === 'POST' && takesNoBody(path) ? 413 : 403;
        expect([method, path, await ask(protocol, '127.0.0.1', request)]).toEqual([method, path, refusal]);
      }
    }
    await expectNothingAt(gateway.upstream);
  });
});
