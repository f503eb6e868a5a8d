import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploymentTimeoutMs, reasonForNoDeployment } from './deployment.ts';
import { expectRefusalAtTheEnd } from './identities-expiry.ts';
import { judge, rememberedBy } from './identities-judge.ts';
import type { KeyMode } from './identities-keys.ts';
import {
  addition,
  authorityChanges,
  beginning,
  changesOf,
  renewal,
  returnOf,
  returnUnderOldGeneration,
  type Change,
} from './identities-life.ts';
import { watchProcesses, type ProcessWatch } from './identities-processes.ts';
import { resourcesOf } from './identities-resources.ts';
import { expectNoKeyElsewhere } from './identities-secrets.ts';
import { changeTimeoutMs, identityStack, type IdentityStack } from './identities-stack.ts';
import { terraformTools } from './terraform-tools.ts';

/** The life of identities on a booted machine, with one mode of keys: the tests of a file. */
export function describeIdentities(mode: KeyMode): void {
  const reason = reasonForNoDeployment();
  if (reason !== undefined)
    console.warn(`identities with ${mode} keys: nothing is deployed here: it ${reason}`);

  describe.skipIf(reason !== undefined)(`identities with ${mode} keys`, { timeout: changeTimeoutMs }, () => {
    const resources = resourcesOf(mode);
    let stack: IdentityStack;
    let watch: ProcessWatch;
    beforeAll(async () => {
      watch = watchProcesses();
      stack = await identityStack(mode, await terraformTools());
      await stack.apply(beginning);
      await judge(stack, ['ci-1', 'other-1']);
    }, deploymentTimeoutMs);
    afterAll(async () => {
      watch.stop();
      await stack.stop();
    });

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

    test.each([addition(resources)])('$name', async (adding) => {
      await change(adding);
      watch.stop();
    });

    test('expire: 401 from the moment that a certificate ends', () => expectRefusalAtTheEnd(stack));

    test.each([renewal(resources)])('$name', async (renewing) => {
      await stack.keys.age({ service: 'review', generation: 1 });
      await change(renewing);
    });

    test.each(changesOf(resources))('$name', change);

    test('no private key is anywhere but where its mode has it', async () => {
      await expectNoKeyElsewhere(stack, watch);
    });

    test('a rollback to before a revocation: still 401, and the CRL stays', async () => {
      const before = await rememberedBy(stack);
      const { stdout } = await stack.host.ssh('hardening-release rollback');
      expect(stdout).toMatch(/NOTE: ci with generation 3 is in this release and stays refused/);
      await judge(stack, ['other-1', 'review-2']);
      expect((await rememberedBy(stack)).crls).toEqual(before.crls);
    });

    const returning = returnUnderOldGeneration(resources);
    if (mode === 'external') {
      // A CA in a folder refuses that before anything is deployed.
      test('a removed service comes back under its old generation: hardening pki issue refuses, and names the next one', () =>
        expect(stack.configure(returning.wanted)).rejects.toThrow(
          /ci 3 was revoked.*services\.ci\.generation to 4/s,
        ));
    } else {
      test.each([returning])('$name', change);
    }

    test.each([returnOf(resources)])('$name', change);

    test.each(authorityChanges(resources))('$name', change);

    test('a rollback to a release that trusts the CA that was dropped is refused, with its name', async () => {
      const { status, stderr } = await stack.host.ssh('hardening-release rollback');
      expect(stderr).toMatch(
        /trusts the CA CN=box hardening CA[0-9a-f ]*,O=box, which a later release dropped/,
      );
      expect(status).toBe(2);
      await judge(stack, ['ci-4 by CA 2', 'other-1 by CA 2', 'review-2 by CA 2']);
    });
  });
}
