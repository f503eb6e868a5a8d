import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploymentTimeoutMs, reasonForNoDeployment } from './deployment.ts';
import { judge, rememberedBy } from './identities-judge.ts';
import { keysOf, type KeyMode } from './identities-keys.ts';
import {
  authorityChangesOf,
  beginning,
  changesOf,
  returnsOf,
  settled,
  type Change,
} from './identities-life.ts';
import { identityStack, type IdentityStack } from './identities-stack.ts';
import { ageCertificate } from './identities-time.ts';
import { terraformTools } from './terraform-tools.ts';

/** The life of identities on a booted machine, with one mode of keys: the tests of a file. */
export function describeIdentities(mode: KeyMode): void {
  const reason = reasonForNoDeployment();
  if (reason !== undefined)
    console.warn(`identities with ${mode} keys: nothing is deployed here: it ${reason}`);

  describe.skipIf(reason !== undefined)(`identities with ${mode} keys`, () => {
    const keys = keysOf(mode);
    let stack: IdentityStack;
    beforeAll(async () => {
      stack = await identityStack(mode, await terraformTools());
      await stack.apply(beginning);
      await judge(stack, ['ci-1', 'other-1']);
    }, deploymentTimeoutMs);
    afterAll(() => stack.stop());

    const change = async ({
      wanted,
      touched,
      letIn,
      untrusted,
      says,
      reloads = true,
    }: Change): Promise<void> => {
      const before = await rememberedBy(stack);
      const { said, touched: really } = await stack.apply(wanted);
      expect(really).toEqual({
        created: touched.created ?? [],
        destroyed: touched.destroyed ?? [],
        // Never the machine, the server's certificate, or another service's.
        replaced: ['release', ...(touched.replaced ?? [])],
        updated: [],
      });
      if (says !== undefined) expect(said).toMatch(says);
      expect(
        /hardening: (?:reloads nginx|puts the list of the refused and the CRLs in force)/.test(said),
      ).toBe(reloads);
      const { answers, refusals } = await judge(stack, letIn);
      for (const [name, refusal] of refusals) {
        const isUntrusted = stack.issued.get(name)?.issuer === untrusted;
        expect({ name, refusal }).toEqual({
          name,
          refusal: `FAILED:${isUntrusted ? 'unable to verify the first certificate' : 'certificate revoked'}`,
        });
      }
      for (const name of letIn) {
        // What nginx has not read anew it goes on with, connections included.
        const kept = answers.get(name)?.kept;
        if (kept !== undefined) expect(kept.onOldConnection).toBe(!reloads);
      }
      await (await rememberedBy(stack)).isAfter(before, letIn);
    };

    test.each(changesOf(keys))('$name', change);

    test('a rollback to before a revocation: still 401, and the CRL stays', async () => {
      const before = await rememberedBy(stack);
      const { stdout } = await stack.host.ssh('hardening-release rollback');
      expect(stdout).toMatch(/NOTE: ci with generation 3 is in this release and stays refused/);
      await judge(stack, ['other-1', 'review-2']);
      expect((await rememberedBy(stack)).crls).toEqual(before.crls);
    });

    test.each(returnsOf(keys))('$name', change);

    test('renew: an apply in the last third of its life replaces a certificate, and neither reloads nor takes anything away', async () => {
      await ageCertificate(stack.deployment, 'service-ci-4');
      await change({
        name: '',
        wanted: settled,
        touched: { replaced: ['service-ci-4 certificate'] },
        letIn: ['ci-4', 'ci-4 again', 'other-1', 'review-2'],
        reloads: false,
      });
    });

    test.each(authorityChangesOf(['ci-4 again']))('$name', change);

    test('a rollback to a release that trusts the CA that was dropped is refused, with its name', async () => {
      const { status, stderr } = await stack.host.ssh('hardening-release rollback');
      expect(stderr).toMatch(/trusts the CA CN=box hardening CA,O=box, which a later release dropped/);
      expect(status).toBe(2);
      await judge(stack, ['ci-4 by CA 2', 'other-1 by CA 2', 'review-2 by CA 2']);
    });
  });
}
