import { join } from 'node:path';
import { parseConfig } from '../../lib/config/parse.ts';
import type { ConfigInput } from '../../lib/config/schema.ts';
import type { Deployment } from '../../lib/model/deployment.ts';
import { resolve } from '../../lib/model/resolve.ts';
import type { FileTree } from '../../lib/render/file-tree.ts';
import { render } from '../../lib/render/render.ts';
import { loadTemplates } from '../../lib/render/templates.ts';
import { writeFolder } from '../../lib/render/rendered-folder.ts';
import { freePort } from '../../test/support/free-port.ts';
import { startProgram, type Program } from './program.ts';
import { callingService, serverName, stackName, type Site } from './site.ts';

export type StackInput = ConfigInput['stacks'][string];

/** The widest that a configuration may have. */
const concurrentStreams = 1_000;

/** More than any server here can do; wider than a configuration may have it, so it goes into the model. */
const boundless = { requestsPerSecond: 1_000_000, burst: 1_000_000 };

/** A stack of so many services, the calling one among them. */
export function stackOf(services: number, log: StackInput['log'] = {}): StackInput {
  const others = Array.from(
    { length: services - 1 },
    (_, index) => `service-${String(index).padStart(5, '0')}`,
  );
  return {
    gateway: { serverNames: [serverName], plainListenPort: false },
    limits: { perIdentity: { concurrentStreams } },
    log,
    services: Object.fromEntries([callingService, ...others].map((name) => [name, {}])),
  };
}

/** Changes the model or the rendered files before they are started, to see what a part of them costs. */
export interface Variation {
  readonly deployment?: (deployment: Deployment) => Deployment;
  readonly tree?: (tree: FileTree) => FileTree;
}

/** The gateway's files, written and not yet started. */
export interface WrittenGateway {
  readonly port: number;
  readonly configurationFile: string;
  readonly runtimeDirectory: string;
}

/** Writes the rendered gateway of a stack in front of `upstream`. */
export async function writeBenchGateway(
  site: Site,
  name: string,
  stack: StackInput,
  upstream: number,
  variation: Variation = {},
): Promise<WrittenGateway> {
  const port = await freePort();
  const paths = await site.paths(name);
  const tree = join(site.folder, 'trees', name);
  const checked = parseConfig({ stacks: { [stackName]: stack } }, 'bench').stacks[stackName];
  if (checked === undefined) throw new Error('the stack is gone');
  const placement = {
    listen: { address: '127.0.0.1', port },
    plainListen: undefined,
    upstream: { address: '127.0.0.1', port: upstream },
    workerUser: site.workerUser,
    workerProcesses: 1,
    paths,
  };
  const deployment = withoutRates(resolve(stackName, checked, placement, site.nginx.platform));
  const files = render(variation.deployment?.(deployment) ?? deployment, loadTemplates());
  await writeFolder(tree, variation.tree?.(files) ?? files);
  return {
    port,
    configurationFile: join(tree, 'etc/hardening/gateway/nginx.conf'),
    runtimeDirectory: paths.runtimeDirectory,
  };
}

export interface BenchGateway extends Program {
  readonly configurationFile: string;
}

/** Writes and starts it, on the processor of servers under test. */
export async function startBenchGateway(
  site: Site,
  name: string,
  stack: StackInput,
  upstream: number,
  variation: Variation = {},
): Promise<BenchGateway> {
  const { port, configurationFile, runtimeDirectory } = await writeBenchGateway(
    site,
    name,
    stack,
    upstream,
    variation,
  );
  const program = await site.keep(
    startProgram(site.nginx.path, ['-e', 'stderr', '-c', configurationFile], {
      port,
      processor: site.processors.server,
      temporaryFolder: runtimeDirectory,
    }),
  );
  return { ...program, configurationFile };
}

/** Counts requests as ever, and refuses none. */
function withoutRates(deployment: Deployment): Deployment {
  const { gateway } = deployment;
  return {
    ...deployment,
    gateway: {
      ...gateway,
      perAddress: { ...gateway.perAddress, ...boundless },
      limitSets: gateway.limitSets.map((limits) => ({ ...limits, ...boundless })),
    },
  };
}
