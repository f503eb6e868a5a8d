import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from '../../distributions/support/machine.ts';
import { installOllamaProgram } from '../../distributions/support/ollama.ts';
import { rootTimeoutMs, type DebianSuite } from '../../distributions/support/root-cache.ts';
import type { StackInput } from '../../support/test-gateway.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { bootHost, reasonForNoHost, type Host } from './host.ts';
import { network } from './outside.ts';
import { reasonForNoTerraform, terraformToolsTimeoutMs, type TerraformTools } from './terraform-tools.ts';

const program = fileURLToPath(new URL('../../../bin/hardening.js', import.meta.url));
/** The stack's name in tests that deploy. */
export const stackName = 'box';
export const serverName = 'models.example.com';

/** A user's folder with a configuration, and the command line from outside of the machine. */
export interface Deployment {
  readonly folder: string;
  /** Writes the configuration: a stack for the host with `change` in it. */
  configure(change?: Partial<StackInput>): Promise<void>;
  /** What `hardening` runs as, in the folder and outside. */
  commandLine(parameters: readonly string[]): {
    readonly command: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  };
  /** Runs `hardening …` in the folder, outside. */
  hardening(...parameters: readonly string[]): Promise<Result>;
  /** `hardening deploy`, that must succeed; returns all that it said. */
  deploy(): Promise<string>;
  terraform(...parameters: readonly string[]): Promise<Result>;
  /** Writes a service's certificate, key and CA below `clients/`, as terraform's output has them; gives their paths. */
  client(service: string): Promise<{ certificate: string; key: string; ca: string }>;
  remove(): Promise<void>;
}

/** Why nothing is deployed here; undefined where it can be. */
export function reasonForNoDeployment(): string | undefined {
  return reasonForNoHost() ?? reasonForNoTerraform();
}

/** What a deployment needs first: a root and terraform's provider, both built where they are not kept yet. */
export const deploymentTimeoutMs = rootTimeoutMs + terraformToolsTimeoutMs;

/** Boots a machine that has all that a release needs of it: a program stands where Ollama does. */
export async function bootDeployable(suite: DebianSuite): Promise<Host> {
  const host = await bootHost(suite);
  await installOllamaProgram(host.machine);
  return host;
}

/**
 * @param earlier a deployment to another machine, whose folder and state this one goes on with
 */
export async function deploymentTo(
  host: Host,
  tools: TerraformTools,
  earlier?: Deployment,
): Promise<Deployment> {
  const folder =
    earlier === undefined
      ? await temporaryFolder()
      : { path: earlier.folder, remove: () => earlier.remove() };
  const environment = {
    ...tools.environment,
    NO_COLOR: '1',
    SSH_AUTH_SOCK: '',
    TERRAFORM_BINARY_NAME: tools.terraform,
    TF_VAR_ssh_private_key_path: host.userKey,
  };
  const stack = {
    target: { host: { address: host.address, hostKey: host.hostKey } },
    ssh: { sources: [`${network.outside}/32`] },
    firewall: { gatewaySources: [`${network.outside}/32`] },
    terraformState: { unencryptedReason: 'A test, whose state is gone with its folder.' },
    gateway: { serverNames: [serverName] },
    services: { ci: {}, dashboard: { routes: ['read'] } },
  } satisfies StackInput;
  const commandLine = (parameters: readonly string[]) => ({
    command: [process.execPath, program, ...parameters],
    environment,
  });
  const hardening: Deployment['hardening'] = (...parameters) =>
    host.outside(commandLine(parameters).command, { cwd: folder.path, environment });
  const terraform: Deployment['terraform'] = (...parameters) =>
    host.outside([tools.terraform, `-chdir=cdktf.out/stacks/${stackName}`, ...parameters], {
      cwd: folder.path,
      environment,
    });
  return {
    folder: folder.path,
    configure: (change = {}) =>
      writeFile(
        join(folder.path, 'hardening.config.ts'),
        `export default ${JSON.stringify({ stacks: { [stackName]: { ...stack, ...change } } }, null, 2)};\n`,
      ),
    commandLine,
    hardening,
    deploy: async () => {
      const { status, stdout, stderr } = await hardening('deploy', '--auto-approve');
      if (status !== 0) throw new Error(`deploy ended with ${String(status)}:\n${stdout}\n${stderr}`);
      return `${stdout}${stderr}`;
    },
    terraform,
    client: async (service) => {
      const { stdout, stderr } = await terraform('output', '-json', `client_${service}`);
      if (stdout === '') throw new Error(`no output for ${service}: ${stderr}`);
      const pem = JSON.parse(stdout) as { certificate: string; key: string; ca: string };
      const clients = join(folder.path, 'clients');
      await mkdir(clients, { recursive: true, mode: 0o700 });
      const path = (kind: string): string => join(clients, `${service}.${kind}`);
      await writeFile(path('crt'), pem.certificate);
      await writeFile(path('key'), pem.key, { mode: 0o600 });
      await writeFile(path('ca'), pem.ca);
      return { certificate: path('crt'), key: path('key'), ca: path('ca') };
    },
    remove: () => folder.remove(),
  };
}

/** The status that curl gets from outside; 0 where it gets none. */
export async function statusFromOutside(
  host: Host,
  files: { certificate: string; key: string; ca: string } | undefined,
  { path = '/ollama/api/version', ca = files?.ca ?? '', more = [] as readonly string[] } = {},
): Promise<number> {
  const { stdout } = await host.outside([
    ...['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', '10'],
    ...['--noproxy', '*', '--cacert', ca, '--resolve', `${serverName}:443:${host.address}`],
    ...(files === undefined ? [] : ['--cert', files.certificate, '--key', files.key]),
    ...more,
    `https://${serverName}${path}`,
  ]);
  return Number(stdout);
}

/** The text of a file of the user's folder. */
export const fileOf = (deployment: Deployment, path: string): Promise<string> =>
  readFile(join(deployment.folder, path), 'utf8');
