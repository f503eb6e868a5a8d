import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workersOf, workersReplaced } from '../../lib/sandbox/nginx-workers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { clientFor, expectError, expectNothingAt, protocols, targetOf } from './support/asking.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

async function status(service: string, protocol: (typeof protocols)[number] = 'HTTP/1.1') {
  const client = clientFor(protocol, targetOf(gateway, await gateway.identity(service)));
  try {
    return await client.ask({ method: 'GET', path: '/ollama/api/tags' });
  } finally {
    client.close();
  }
}

test('an identity of the allowlist that refused.conf names gets 401, the others go on', async () => {
  for (const service of ['ci', 'reader']) expect((await status(service)).status).toBe(200);
  const { distinguishedName } = await gateway.identity('ci');
  // As the activation of a release writes it.
  await writeFile(
    join(gateway.folder, 'tree/etc/hardening/gateway/refused.conf'),
    `map $allowed_dn $is_refused {\n    default 0;\n    "${distinguishedName}" 1;\n}\n`,
  );
  const { accepting } = await workersOf(gateway.pid);
  process.kill(gateway.pid, 'SIGHUP');
  expect(await workersReplaced(gateway.pid, accepting, new AbortController().signal)).toBe(true);
  gateway.upstream.reset();
  for (const protocol of protocols) expectError(await status('ci', protocol), 401);
  await expectNothingAt(gateway.upstream);
  for (const protocol of protocols) expect((await status('reader', protocol)).status).toBe(200);
});
