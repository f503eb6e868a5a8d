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

/** The widest limits that a configuration may have: no window of load meets them. */
const wide = { requestsPerSecond: 10_000, burst: 10_000 };

/** A stack of so many services, the calling one among them, with limits too wide to be met. */
export function stackOf(services: number, log: StackInput['log'] = {}): StackInput {
  const others = Array.from(
    { length: services - 1 },
    (_, index) => `service-${String(index).padStart(5, '0')}`,
  );
  return {
    gateway: { serverNames: [serverName], plainListenPort: false },
    limits: { perAddress: wide, perIdentity: { ...wide, concurrentStreams: 1_000 } },
    log,
    services: Object.fromEntries([callingService, ...others].map((name) => [name, {}])),
  };
}

/** Changes the model or the rendered files before they are started, to see what a part of them costs. */
export interface Variation {
  readonly deployment?: (deployment: Deployment) => Deployment;
  readonly tree?: (tree: FileTree) => FileTree;
}

export interface BenchGateway extends Program {
  readonly configurationFile: string;
}

/** Starts the rendered gateway of a stack in front of `upstream`. */
export async function startBenchGateway(
  site: Site,
  name: string,
  stack: StackInput,
  upstream: number,
  variation: Variation = {},
): Promise<BenchGateway> {
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
  const deployment = resolve(stackName, checked, placement, site.nginx.platform);
  const files = render(variation.deployment?.(deployment) ?? deployment, loadTemplates());
  await writeFolder(tree, variation.tree?.(files) ?? files);
  const configurationFile = join(tree, 'etc/hardening/gateway/nginx.conf');
  const program = await site.keep(
    startProgram(site.nginx.path, ['-e', 'stderr', '-c', configurationFile], {
      port,
      processor: site.processors.server,
      temporaryFolder: paths.runtimeDirectory,
    }),
  );
  return { ...program, configurationFile };
}
