import example from '../../../hardening.config.ts';
import { cloudConfig } from '../../../lib/bootstrap/user-data.ts';
import {
  defaultListen,
  resolveForwarder,
  type Forwarder,
  type ForwarderWish,
} from '../../../lib/bundle/forwarder.ts';
import { parseConfig } from '../../../lib/config/parse.ts';
import type { StackConfig } from '../../../lib/config/schema.ts';
import type { Deployment } from '../../../lib/model/deployment.ts';
import { resolveInfrastructure } from '../../../lib/model/infrastructure/resolve-infrastructure.ts';
import { machinePaths, machinePlacement, type Placement } from '../../../lib/model/placement.ts';
import type { Bootstrap } from '../../../lib/model/infrastructure/infrastructure.ts';
import type { Distribution } from '../../../lib/model/platform.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import { render } from '../../../lib/render/render.ts';
import { loadTemplates } from '../../../lib/render/templates.ts';
import type { FileTree } from '../../../lib/render/file-tree.ts';
import { publicKey } from '../../constructs/support/deployed-stacks.ts';
import { fullStack, hostileStack, hostileStackName, minimalStack } from '../../support/example-stacks.ts';
import { templatesUnderTest, type StackInput } from '../../support/test-gateway.ts';

/** A configuration whose rendered files are judged, on each distribution. */
export interface LintedStack {
  /** The stack's name, which is in its files. */
  readonly stack: string;
  readonly distribution: Distribution;
  readonly config: StackConfig;
  readonly deployment: Deployment;
}

const ssh: NonNullable<StackInput['ssh']> = {
  sources: ['192.0.2.0/24', '2001:db8::/32'],
  adminKeys: { alice: publicKey('A'), bob: publicKey('B') },
};
const reason = 'Written down by a test, which keeps no state at all.';

/** A machine that exists, with an administrator who is not root, and identities in every state that they may be in. */
const hostStack: StackInput = {
  target: { host: { address: '192.0.2.10', user: 'debian', hostKey: publicKey('H') } },
  ssh,
  firewall: { gatewaySources: ['2001:db8:1::/48'], outboundUsers: ['backup'] },
  terraformState: { unencryptedReason: reason },
  gateway: { serverNames: ['models.example.com'], listenAddress: '::', plainListenPort: false },
  services: { ci: { generation: 3, overlap: true }, other: { routes: ['GET /api/tags'] } },
  revoked: [
    { service: 'ci', generation: 1, date: '2026-11-25', reason: 'The runner of the test was stolen.' },
  ],
  pki: { alsoTrustedCaGenerations: [2] },
  ollama: { memoryMaxMiB: 4_096, models: [{ name: 'one:1b' }, { name: 'two:2b' }] },
};

/** A machine that root logs in to, by a key of the older kind, with a graphics card. */
const rootStack: StackInput = {
  target: { host: { address: '192.0.2.10', hostKey: `ecdsa-sha2-nistp256 ${'E'.repeat(68)}` } },
  ssh: { sources: ['192.0.2.0/24'] },
  terraformState: { unencryptedReason: reason },
  firewall: { gatewaySources: ['0.0.0.0/0', '::/0'] },
  gateway: { serverNames: ['models.example.com'] },
  services: { ci: {} },
  ollama: { profile: 'gpu' },
};

/** A droplet with an agent that has no business with the metadata, and nothing that can be left out. */
const plainDroplet: StackInput = {
  target: { digitalocean: { region: 'fra1', size: 's-4vcpu-8gb', monitoring: false } },
  ssh: { ...ssh, sources: ['192.0.2.0/24'] },
  terraformState: { encryptedByOpenTofu: true },
  gateway: { serverNames: ['models.example.com'] },
  services: { ci: {} },
};

/** Together they take every way through every template: branches.test.ts holds that. */
const inputs: readonly (readonly [stack: string, input: StackInput])[] = [
  // What is in rendered/.
  ...Object.entries(example.stacks),
  ['minimal', minimalStack],
  ['full', fullStack],
  [hostileStackName, hostileStack],
  ['host', hostStack],
  ['root', rootStack],
  ['droplet', plainDroplet],
];

export const distributions = ['debian-12', 'debian-13', 'ubuntu-24.04'] as const;

/** Every configuration that is judged. */
export const lintedStacks: readonly LintedStack[] = distributions.flatMap((distribution) =>
  inputs.map(([stack, input]) => {
    const config = parseConfig(
      { stacks: { [stack]: { ...input, target: { ...input.target, distribution } } } },
      'test',
    ).stacks[stack];
    if (config === undefined) throw new Error(`the stack ${stack} is gone`);
    return { stack, distribution, config, deployment: resolve(stack, config) };
  }),
);

const [full] = lintedStacks.filter(({ stack }) => stack === 'full');
if (full === undefined) throw new Error('the full stack is gone');

/** What differs in a sandbox of a root user without a CRL. */
const placement: Placement = {
  ...machinePlacement(full.config),
  listen: { address: '127.0.0.1', port: 8_443 },
  plainListen: undefined,
  workerUser: { name: 'nobody', group: 'nogroup' },
  paths: { ...machinePaths, clientCrl: undefined },
};

/** The gateway of a sandbox. nginx itself takes it in the tests of the sandbox. */
export const sandboxDeployment: Deployment = resolve('sandbox', full.config, placement);

const templates = loadTemplates(templatesUnderTest);

/** The files of a machine. */
export function machineTree({ deployment }: LintedStack): FileTree {
  return render(deployment, templates);
}

/** A forwarder whose files are judged. */
export interface LintedForwarder {
  readonly name: string;
  readonly forwarder: Forwarder;
}

const listens: readonly (readonly [
  stack: string,
  more: Pick<ForwarderWish, 'listen' | 'keyIsBeside'> & Partial<Pick<ForwarderWish, 'address'>>,
])[] = [
  ['host', { listen: defaultListen, keyIsBeside: false }],
  [
    'full',
    {
      listen: { kind: 'loopback', port: 11_500, users: ['livereview', 'ci'] },
      address: '192.0.2.20',
      keyIsBeside: true,
    },
  ],
  [
    hostileStackName,
    { listen: { kind: 'socket', group: 'reviewers' }, address: '2001:db8::20', keyIsBeside: false },
  ],
];

/** Every forwarder that is judged: for a port and for a socket, to a name and to addresses. */
export const lintedForwarders: readonly LintedForwarder[] = listens.map(([stack, more]) => {
  const of = lintedStacks.find((one) => one.stack === stack);
  const [service] = of?.deployment.services ?? [];
  const [identity] = service?.identities ?? [];
  if (of === undefined || service === undefined || identity === undefined)
    throw new Error(`no service in ${stack}`);
  const wish = { ...more, identity: { stack, service: service.name, generation: identity.generation } };
  return {
    name: `${more.listen.kind}-of-${stack}`,
    forwarder: resolveForwarder(of.deployment, of.config.pki.expiryNoticeDays, wish, '0123456789abcdef'),
  };
});

/** A droplet's first boot. */
export interface LintedUserData extends LintedStack {
  readonly bootstrap: Bootstrap;
  readonly cloudConfig: CloudConfig;
}

/** The user_data of every droplet, with host keys that nobody has. */
export const lintedUserData: readonly LintedUserData[] = lintedStacks.flatMap((one) => {
  const { target } = resolveInfrastructure(one.deployment, one.config);
  if (target?.kind !== 'digitalocean') return [];
  const hostKey = { privateKeyOpenSsh: 'a private key\n', publicKeyOpenSsh: publicKey('H') };
  const { bootstrap } = target;
  return [{ ...one, bootstrap, cloudConfig: cloudConfig(bootstrap, hostKey) as unknown as CloudConfig }];
});

/** What is read of a user_data; the rest is as cloud-init wants it. */
export interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

/** The files that a user_data writes, by their path from the root, without the slash. */
export function firstBootFiles({ write_files }: CloudConfig): Map<string, string> {
  return new Map(
    write_files.map(({ path, content }) => [path.slice(1), Buffer.from(content, 'base64').toString()]),
  );
}
