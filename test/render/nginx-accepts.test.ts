import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machinePlacement } from '../../lib/model/placement.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { ensurePki } from '../../lib/pki/inventory.ts';
import { render } from '../../lib/render/render.ts';
import { writeFolder } from '../../lib/render/rendered-folder.ts';
import { findNginx } from '../../lib/sandbox/nginx-program.ts';
import { accepted, stackNames, stacks } from '../support/arbitrary-stacks.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { http2Request } from '../support/http2-client.ts';
import { fullStack, hostileStack, minimalStack } from '../support/example-stacks.ts';
import {
  startTestGateway,
  testServerName,
  type StackInput,
  type TestGateway,
} from '../support/test-gateway.ts';

describe('real nginx starts from', () => {
  it.each<[string, StackInput]>([
    ['the minimal configuration', minimalStack],
    ['the full configuration', fullStack],
    ['the hostile configuration', hostileStack],
  ])('%s, without a word of complaint', async (_what, stack) => {
    const gateway = await startTestGateway(stack);
    try {
      expect(await gateway.errorLog()).not.toMatch(/\[(?:warn|error|crit|alert|emerg)\]/);
    } finally {
      await gateway.stop();
    }
  });
});

describe('real nginx accepts', () => {
  const count = 40;

  it(`${count} arbitrary configurations that the kit accepts`, async () => {
    const folder = await temporaryFolder();
    try {
      const nginx = await findNginx();
      const pki = await ensurePki(join(folder.path, 'pki'), {
        ...{ stack: 'trial', ca: { commonName: 'trial CA', lifetimeDays: 2 }, clients: [] },
        server: { serverNames: [testServerName], addresses: [], lifetimeDays: 1 },
      });
      const paths = {
        runtimeDirectory: folder.path,
        logDirectory: folder.path,
        serverCertificate: pki.server.certificate,
        serverKey: pki.server.key,
        clientCa: pki.ca.certificate,
        clientCrl: pki.ca.crl,
      };
      let checked = 0;
      await fc.assert(
        fc.asyncProperty(stackNames, stacks, async (name, input) => {
          const stack = accepted(name, input);
          if (stack === undefined || checked >= count) return;
          checked++;
          // Nothing listens and no IPv6 is needed: `nginx -t` opens sockets too.
          const listen = { address: '127.0.0.1', port: await freePort() };
          const placement = { ...machinePlacement(stack), listen, plainListen: undefined, paths };
          const tree = join(folder.path, 'tree');
          await writeFolder(tree, render(resolve(name, stack, placement, nginx.platform)));
          const main = join(tree, 'etc/hardening/gateway/nginx.conf');
          await promisify(execFile)(nginx.path, ['-t', '-q', '-e', 'stderr', '-c', main]);
        }),
        { numRuns: 200 },
      );
      expect(checked).toBe(count);
    } finally {
      await folder.remove();
    }
  });
});

/** Words that a map of nginx keeps for itself. */
const reserved = ['default', 'include', 'hostnames', 'volatile'];

describe("a service may have the name of one of nginx's own words", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      gateway: { serverNames: [testServerName] },
      services: {
        ...Object.fromEntries(reserved.map((name) => [name, { routes: ['read' as const] }])),
        other: { routes: ['POST /api/chat'] },
      },
    });
  });
  afterAll(() => gateway.stop());

  it.each([
    ...reserved.map((name) => [name, 200] as const),
    // What `default` may do is no default for others.
    ['other', 403] as const,
  ])('%s reads: %i', async (name, status) => {
    const { cert, keyPem } = await gateway.identity(name);
    const answer = await http2Request({
      port: gateway.port,
      tls: { ca: gateway.ca, cert, key: keyPem, servername: testServerName },
      headers: { ':method': 'GET', ':path': '/ollama/api/tags', ':authority': testServerName },
    });
    expect(answer).toMatchObject({ status });
  });
});
