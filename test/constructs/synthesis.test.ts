import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { fullStack, minimalStack } from '../support/example-stacks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { dropletStack, hostStack } from './support/deployed-stacks.ts';
import { synthesized } from './support/synthesized.ts';

const examples: [string, string, StackInput][] = [
  ['host', 'box', hostStack],
  ['digitalocean', 'cloud', dropletStack],
  ['digitalocean-full', 'production', fullStack],
];

/** Without the way from the test's folder to the program that signs: a project's own is below its folder. */
const withoutWay = (text: string): string => text.replace(/'[^']*(\/bin\/sign-crl\.js)'/g, "'<the kit>$1'");

/**
 * Without the checksums of programs and rendered files, which change with each of these, without their list, and
 * without the way from the test's folder to this one.
 */
const withoutChecksums = (text: string): string =>
  withoutWay(text)
    .replace(/[0-9a-f]{64}/g, '<sha256>')
    .replace(/(?:<sha256> {2}programs\/[\w.-]+?\\\\n)+/g, '<programs>');

describe('synthesis', () => {
  it('makes a stack of each entry that has a target, and of no other', async () => {
    const folder = await temporaryFolder();
    try {
      const stacks = { paper: minimalStack, box: hostStack, cloud: dropletStack };
      expect(synthesize(parseConfig({ stacks }, 'test'), folder.path)).toEqual(['box', 'cloud']);
      expect((await readdir(join(folder.path, 'stacks'))).sort()).toEqual(['box', 'cloud']);
    } finally {
      await folder.remove();
    }
  });

  it.each(examples)('of the %s stack is what it was', async (example, name, input) => {
    const { text } = await synthesized(name, input);
    await expect(withoutChecksums(text)).toMatchFileSnapshot(`__snapshots__/${example}.json`);
  });

  // A construct that gets another id is another resource to terraform: it would replace a CA or a droplet.
  it.each(examples)(
    'of the %s stack gives each resource the address that it had',
    async (example, name, input) => {
      const { addresses } = await synthesized(name, input);
      await expect(`${addresses.join('\n')}\n`).toMatchFileSnapshot(`__snapshots__/${example}.addresses`);
    },
  );

  it.each(examples)(
    'of the %s stack depends on nothing but the configuration',
    async (_example, name, input) => {
      const first = await synthesized(name, input);
      vi.stubEnv('DIGITALOCEAN_TOKEN', 'dop_v1_a-token-of-this-test');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a-secret-of-this-test');
      vi.stubEnv('AWS_SSE_CUSTOMER_KEY', 'a-customer-key-of-this-test');
      vi.stubEnv('HOME', '/home/of-this-test');
      const second = await synthesized(name, input);
      vi.unstubAllEnvs();
      expect(second.text).toBe(first.text);
      expect(withoutWay(first.text)).not.toContain(process.cwd());
    },
  );

  it.each(examples)(
    'of the %s stack holds no secret, and no place for a token',
    async (_example, name, input) => {
      const { text } = await synthesized(name, input);
      expect(text).not.toMatch(/PRIVATE KEY|dop_v1|"token"|password"/);
    },
  );
});
