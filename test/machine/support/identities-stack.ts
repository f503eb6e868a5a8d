import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { StackInput } from '../../support/test-gateway.ts';
import { startClients, type Clients, type Presented } from './identities-clients.ts';
import { keysOf, type Accepted, type KeyMode, type Keys, type Outputs } from './identities-keys.ts';
import { touchedBy, type Touched } from './identities-plan.ts';
import { bootDeployable, deploymentTo, serverName, type Deployment } from './deployment.ts';
import type { Host } from './host.ts';
import type { DebianSuite } from '../../distributions/support/root-cache.ts';
import type { TerraformTools } from './terraform-tools.ts';

/** What a configuration says of identities. */
export interface Wanted {
  readonly services: Readonly<Record<string, { readonly generation: number; readonly overlap?: boolean }>>;
  readonly revoked?: StackInput['revoked'];
  /** Generations of the CA; the first one issues. By default the first alone. */
  readonly authorities?: readonly number[];
  /** What the configuration's pki says beside that. */
  readonly pki?: object;
  /** What else is in the configuration of the stack. */
  readonly more?: Partial<StackInput>;
}

/** A certificate that was handed out. */
export interface Issued extends Accepted {
  /** The generation of its CA. */
  readonly issuer: number;
  readonly certificate: string;
  readonly key: string;
  readonly serialNumber: bigint;
}

/** A machine whose configuration changes, and everybody who ever had a certificate for it. */
export interface IdentityStack {
  readonly host: Host;
  readonly deployment: Deployment;
  readonly clients: Clients;
  readonly keys: Keys;
  /** Every certificate that was ever handed out, by a name such as `ci-1`, `ci-1 again` for a renewed one, `ci-1 by CA 2`. */
  readonly issued: ReadonlyMap<string, Issued>;
  /** All that applies have said, plans included. */
  readonly said: readonly string[];
  /** What the outputs gave clients to trust, after the last apply. */
  readonly trusted: () => string;
  /** What a client shows with a certificate. */
  presented(name: string, ca?: string): Presented;
  /** Writes the configuration, and does what has to be done before it is applied. */
  configure(wanted: Wanted, by?: Keys): Promise<void>;
  /**
   * Applies a configuration; returns what that said and did.
   *
   * @param by where the keys are, if not where they were first
   */
  apply(wanted: Wanted, by?: Keys): Promise<{ readonly said: string; readonly touched: Touched }>;
  stop(): Promise<void>;
}

const upstreamProgram = fileURLToPath(new URL('identities-upstream.pl', import.meta.url));

/** One change, on a machine that is busy with much else. */
export const changeTimeoutMs = 180_000;

/** How long retired workers go on in these tests. */
export const drainSeconds = 2;

/** Boots a machine whose Ollama writes down what it is asked. Nothing is deployed yet. */
export async function bootRecording(suite: DebianSuite): Promise<Host> {
  const host = await bootDeployable(suite);
  await host.machine.write('/usr/local/bin/ollama', await readFile(upstreamProgram, 'utf8'), 0o755);
  return host;
}

export async function identityStack(
  mode: KeyMode,
  tools: TerraformTools,
  { suite = 'trixie', more = {} }: { suite?: DebianSuite; more?: Partial<StackInput> } = {},
): Promise<IdentityStack> {
  const host = await bootRecording(suite);
  const deployment = await deploymentTo(host, tools);
  return stackOn(host, deployment, mode, suite, more);
}

/**
 * The same for a machine and a folder that are there.
 *
 * @param earlier the stack on a machine of before: its certificates are known
 */
export async function stackOn(
  host: Host,
  deployment: Deployment,
  mode: KeyMode,
  suite: DebianSuite,
  always: Partial<StackInput>,
  earlier?: IdentityStack,
): Promise<IdentityStack> {
  const clients = await startClients((command) => host.machine.fromOutside(command));
  const keys = keysOf(mode, deployment);
  const issued = new Map<string, Issued>(earlier?.issued);
  const allSaid: string[] = [];
  let ca = '';

  const configure = async (
    { services, revoked = [], authorities = [1], pki, more }: Wanted,
    by: Keys,
  ): Promise<void> => {
    const entries: [string, object][] = [];
    for (const [service, { generation, overlap = false }] of Object.entries(services)) {
      const csr = await by.request({ service, generation }, true);
      const previousCsr = overlap
        ? await by.request({ service, generation: generation - 1 }, false)
        : undefined;
      entries.push([service, { generation, overlap, csr, previousCsr }]);
    }
    await deployment.configure({
      target: {
        distribution: suite === 'trixie' ? 'debian-13' : 'debian-12',
        host: { address: host.address, hostKey: host.hostKey },
      },
      gateway: { serverNames: [serverName], revocationDrainSeconds: drainSeconds },
      pki: { ...by.section(authorities), ...pki },
      services: Object.fromEntries(entries),
      revoked,
      ...always,
      ...more,
    });
    await by.prepare(authorities);
  };

  const takeOver = async (wanted: Wanted, by: Keys): Promise<void> => {
    const { stdout } = await deployment.terraform('output', '-json');
    const outputs = JSON.parse(stdout) as Outputs;
    ca = String(outputs['ca']?.value);
    for (const identity of acceptedBy(wanted)) {
      const isLatest = wanted.services[identity.service]?.generation === identity.generation;
      const pair = await by.handed(identity, outputs, isLatest);
      const serialNumber = BigInt(`0x${new X509Certificate(pair.certificate).serialNumber}`);
      if ([...issued.values()].some((one) => one.serialNumber === serialNumber)) continue;
      const [issuer = 1] = wanted.authorities ?? [];
      let name = `${identity.service}-${identity.generation}${issuer === 1 ? '' : ` by CA ${issuer}`}`;
      while (issued.has(name)) name += ' again';
      issued.set(name, { ...identity, ...pair, issuer, serialNumber });
    }
  };

  return {
    host,
    deployment,
    clients,
    keys,
    issued,
    said: allSaid,
    trusted: () => ca,
    presented: (name, trusted = ca) => {
      const one = issued.get(name);
      if (one === undefined) throw new Error(`nobody has a certificate ${name}`);
      const { certificate, key } = one;
      return { address: host.address, serverName, certificate, key, ca: trusted };
    },
    configure: (wanted, by = keys) => configure(wanted, by),
    apply: async (wanted, by = keys) => {
      await configure(wanted, by);
      const said = await deployment.deploy();
      allSaid.push(said);
      await takeOver(wanted, by);
      return { said, touched: touchedBy(said) };
    },
    stop: async () => {
      await clients.stop();
      await deployment.remove();
      await host.stop();
    },
  };
}

/** The identities that a configuration lets in. */
export function acceptedBy({ services, revoked = [] }: Wanted): readonly Accepted[] {
  return Object.entries(services)
    .flatMap(([service, { generation, overlap = false }]) => [
      { service, generation },
      ...(overlap ? [{ service, generation: generation - 1 }] : []),
    ])
    .filter(
      (one) =>
        !revoked.some(
          ({ service, generation = Infinity }) => service === one.service && one.generation <= generation,
        ),
    );
}
