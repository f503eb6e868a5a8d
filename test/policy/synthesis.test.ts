import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Droplet } from '@cdktf/provider-digitalocean/lib/droplet/index.js';
import { DigitaloceanProvider } from '@cdktf/provider-digitalocean/lib/provider/index.js';
import { App } from 'cdktf/lib/app.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { acknowledge, failOnPolicy, policyFindings } from '../../lib/constructs/policy.ts';
import { UserError } from '../../lib/messages/user-error.ts';
import { parseAcknowledgements } from '../../lib/policy/acknowledgements.ts';
import { evaluateStack, unusedAcknowledgements } from '../../lib/policy/evaluate.ts';
import { readStack } from '../../lib/policy/input/read-stack.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { dropletStack, hostStack } from '../constructs/support/deployed-stacks.ts';
import { fullStack } from '../support/example-stacks.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import type { StackInput } from '../support/test-gateway.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const reason = 'A risk that was taken with open eyes.';

/** What is found in a stack as it was written, with the acknowledgements that it carries. */
function found(input: StackInput): string[] {
  synthesize(parseConfig({ stacks: { box: input } }, 'test'), folder.path);
  const stack = readStack(join(folder.path, 'stacks/box/cdk.tf.json'));
  const own = parseAcknowledgements(stack.acknowledgements ?? [], 'test');
  const findings = evaluateStack(stack, undefined, own);
  return [...findings, ...unusedAcknowledgements(findings, own, 'test')].map(
    ({ rule, acknowledged }) => `${rule}: ${acknowledged ?? 'open'}`,
  );
}

describe('a synthesized stack of the kit', () => {
  it.each<[string, StackInput, string[]]>([
    ['a droplet', dropletStack, []],
    ['everything', fullStack, []],
    ['Ollama on loopback', { ...dropletStack, ollama: { isolation: 'loopback' } }, []],
    [
      'a machine with a file for its state',
      hostStack,
      [`unencrypted-state: ${hostStack.terraformState?.unencryptedReason ?? ''}`],
    ],
    [
      'every risk that can be taken',
      {
        ...dropletStack,
        terraformState: { unencryptedReason: reason },
        ssh: { ...dropletStack.ssh, sources: ['0.0.0.0/0', '::/0'], everywhereReason: reason },
        ollama: { isolation: 'loopback', host: '0.0.0.0:11434', nonLoopbackHostReason: reason },
      },
      [`ollama-host-opened: ${reason}`, `ssh-open-to-world: ${reason}`, `unencrypted-state: ${reason}`],
    ],
    [
      'SSH open to the world on a machine that exists, which no firewall of terraform opens',
      {
        ...hostStack,
        terraformState: { encryptedByOpenTofu: true },
        ssh: { sources: ['0.0.0.0/0'], everywhereReason: reason },
      },
      [],
    ],
  ])('with %s has no finding that its configuration does not give a reason for', (_name, input, expected) => {
    expect(found(input)).toEqual(expected);
  });

  it('is refused before anything is written, and so are those beside it', async () => {
    const { good } = parseConfig({ stacks: { good: dropletStack } }, 'test').stacks;
    if (good === undefined) throw new Error('the good stack is not there');
    // As a program that goes around the check of the configuration would make it.
    const config = { stacks: { good, open: { ...good, ssh: { ...good.ssh, sources: ['4.0.0.0/7'] } } } };
    expect(() => synthesize(config, folder.path)).toThrow(UserError);
    expect(() => synthesize(config, folder.path)).toThrow(
      /^the policy refuses .*\n {2}open: ssh-open-to-world {2}digitalocean_firewall\.ollama_firewall_D1D64901: /,
    );
    expect(await readdir(folder.path)).not.toContain('manifest.json');
    expect(await readdir(join(folder.path, 'stacks')).catch(() => [])).toEqual([]);
  });
});

describe('a stack of one’s own', () => {
  const own = (
    build: (stack: TerraformStack, droplet: Droplet) => void,
  ): { app: App; stack: TerraformStack } => {
    const app = new App({ stackTraces: false, outdir: folder.path });
    const stack = new TerraformStack(app, 'own');
    new DigitaloceanProvider(stack, 'digitalocean');
    const droplet = new Droplet(stack, 'droplet', {
      name: 'x',
      image: 'debian-13-x64',
      size: 's-1vcpu-1gb',
      region: 'fra1',
    });
    build(stack, droplet);
    failOnPolicy(stack);
    return { app, stack };
  };

  it('does not synthesize with an error of the policy', () => {
    const { app } = own(() => undefined);
    expect(() => app.synth()).toThrow(/droplet-without-firewall {2}digitalocean_droplet\.droplet: /);
  });

  it('synthesizes where it is acknowledged for the resource, with the acknowledgement in it', () => {
    const { app } = own((stack, droplet) =>
      acknowledge(stack, { rule: 'droplet-without-firewall', resource: droplet, reason }),
    );
    app.synth();
    expect(readStack(join(folder.path, 'stacks/own/cdk.tf.json')).acknowledgements).toEqual([
      { rule: 'droplet-without-firewall', resource: 'digitalocean_droplet.droplet', reason },
    ]);
  });

  it('says which acknowledgement covers nothing', () => {
    const { stack } = own((one) =>
      acknowledge(one, { rule: 'weak-key', resource: 'tls_private_key.gone', reason }),
    );
    expect(policyFindings(stack).map(({ rule }) => rule)).toContain('unused-acknowledgement');
  });

  it.each([
    { rule: 'no-such-rule', resource: 'x', reason },
    { rule: 'weak-key', resource: 'x', reason: 'short' },
    { rule: 'weak-key', resource: '', reason },
  ])('takes no acknowledgement of $rule for "$resource" because "$reason"', (one) => {
    expect(() => own((stack) => acknowledge(stack, one))).toThrow(UserError);
  });
});
