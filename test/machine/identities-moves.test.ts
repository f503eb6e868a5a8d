import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploymentTimeoutMs, deploymentTo, reasonForNoDeployment } from './support/deployment.ts';
import { judge, rememberedBy } from './support/identities-judge.ts';
import { keysOf, statePath, type Keys } from './support/identities-keys.ts';
import { ledger } from './support/identities-record.ts';
import {
  bootRecording,
  changeTimeoutMs,
  identityStack,
  stackOn,
  type IdentityStack,
  type Wanted,
} from './support/identities-stack.ts';
import { terraformTools, type TerraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`identities-moves.test.ts: nothing is deployed here: it ${reason}`);

/** The service that moves, alone. */
const at = (generation: number, overlap = false): Wanted => ({ services: { ci: { generation, overlap } } });

describe.skipIf(reason !== undefined)(
  'from one mode of keys to another, on bookworm',
  { timeout: changeTimeoutMs },
  () => {
    let tools: TerraformTools;
    let stack: IdentityStack;
    let csr: Keys;
    const keysInState = async (): Promise<readonly string[]> => {
      const { resources } = JSON.parse(await readFile(statePath(stack.deployment), 'utf8')) as {
        resources: { type: string; name: string }[];
      };
      return resources
        .filter(({ type }) => type === 'tls_private_key')
        .map(({ name }) => name.replace(/^ollama_(.*)_key_[0-9A-F]{8}$/, '$1'))
        .sort();
    };

    /** By new connections, without a word of a CRL. */
    const expectLetIn = async (names: readonly string[]): Promise<void> => {
      const letIn = [];
      for (const name of stack.issued.keys()) {
        if ((await stack.clients.fresh(stack.presented(name))).status === 200) letIn.push(name);
      }
      expect(letIn).toEqual(names);
    };

    beforeAll(async () => {
      tools = await terraformTools();
      stack = await identityStack('managed', tools, { suite: 'bookworm' });
      csr = keysOf('csr', stack.deployment);
      await stack.apply({ services: { ci: { generation: 1 }, leaver: { generation: 1 } } });
      await judge(stack, ['ci-1', 'leaver-1']);
    }, deploymentTimeoutMs);
    afterAll(() => stack.stop());

    test('a revocation is 401 by list and by CRL', async () => {
      const before = await rememberedBy(stack);
      await stack.apply(at(1));
      const { refusals } = await judge(stack, ['ci-1']);
      expect([...refusals]).toEqual([['leaver-1', 'FAILED:certificate revoked']]);
      await (await rememberedBy(stack)).isAfter(before, ['ci-1']);
    });

    test('managed to csr: the next generation by request, in an overlap with the one before', async () => {
      const { touched } = await stack.apply(at(2, true), csr);
      expect(touched).toEqual({
        created: ['service-ci-2 certificate'],
        destroyed: [],
        replaced: ['release'],
        updated: [],
      });
      await judge(stack, ['ci-1', 'ci-2']);
      expect(await keysInState()).toEqual(['authority', 'server', 'service-ci-1', 'service-health-1']);
    });

    test('managed to csr: after the overlap no key of a service is in the state', async () => {
      const { touched } = await stack.apply(at(2), csr);
      expect(touched).toMatchObject({ created: [], replaced: ['release'], updated: [] });
      await judge(stack, ['ci-2']);
      expect(await keysInState()).toEqual(['authority', 'server', 'service-health-1']);
    });

    test('csr to managed: the next generation, in an overlap with the one by request', async () => {
      const { touched } = await stack.apply(at(3, true));
      expect(touched).toMatchObject({ replaced: ['release', 'service-ci-2 certificate'], destroyed: [] });
      // It is the identity that counts: terraform's own certificate of generation 2 is let in beside it.
      await judge(stack, ['ci-2', 'ci-2 again', 'ci-3']);
    });

    test('a machine that was lost loses its ledger and its CRL, and the list of identities holds', async () => {
      const { host: lost, deployment } = stack;
      await stack.clients.stop();
      await lost.stop();
      const host = await bootRecording('bookworm');
      const again = await stackOn(
        host,
        await deploymentTo(host, tools, deployment),
        'managed',
        'bookworm',
        {},
        stack,
      );
      stack = again;
      await stack.apply(at(3));
      const remembered = [...(await ledger(stack.host)).values()];
      expect(remembered.sort()).toEqual(['ci 3', 'health 1']);
      const [list] = (await rememberedBy(stack)).crls.values();
      expect(list).toEqual({ number: 1n, serials: [] });
      // OpenSSL would take the others: their CRL is empty.
      await expectLetIn(['ci-3']);
    });

    test('managed to external: another CA in three changes', async () => {
      const { deployment } = stack;
      const folder = keysOf('external', deployment);
      // First it is trusted.
      await stack.configure(at(3));
      await folder.prepare([2]);
      await stack.apply({ ...at(3), pki: { alsoTrustedDirectories: ['pki-2'] } });
      await expectLetIn(['ci-3']);
      // Then it issues. The CA of before is a folder too, with its certificate alone.
      const [first = ''] = /-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/.exec(stack.trusted()) ?? [];
      expect(new X509Certificate(first).subject).toBe('O=box\nCN=box hardening CA');
      await mkdir(join(deployment.folder, 'pki-before/certs'), { recursive: true });
      await writeFile(join(deployment.folder, 'pki-before/certs/ca.crt'), first);
      const moved = { ...at(3), authorities: [2] };
      const { touched } = await stack.apply(
        { ...moved, pki: { alsoTrustedDirectories: ['pki-before'] } },
        folder,
      );
      expect(touched.replaced).toEqual(['release']);
      await expectLetIn(['ci-3', 'ci-3 by CA 2']);
      expect(await keysInState()).toEqual([]);
      // Then it is alone.
      const alone = await stack.apply(moved, folder);
      expect(alone.touched).toEqual({ created: [], destroyed: [], replaced: ['release'], updated: [] });
      expect(alone.said).toMatch(/a CA is no longer trusted/);
      await expectLetIn(['ci-3 by CA 2']);
      expect(await readFile(statePath(deployment), 'utf8')).not.toContain('PRIVATE KEY');
    });
  },
);
