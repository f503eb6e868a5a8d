import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackConfig } from '../config/schema.ts';
import { sandboxText } from '../messages/sandbox.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Placement } from '../model/placement.ts';
import { resolve } from '../model/resolve.ts';
import { ensurePki, type Pki } from '../pki/inventory.ts';
import { pkiPaths } from '../pki/files.ts';
import type { FileTree } from '../render/file-tree.ts';
import { isQuotablePath } from '../render/helpers.ts';
import { render } from '../render/render.ts';
import { changeSummary } from './change-summary.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { makeMemoryFolder } from './memory-folder.ts';
import { findNginx, type NginxProgram } from './nginx-program.ts';
import { choosePort, loopback } from './ports.ts';
import { sandboxDescription, type SandboxDescription } from './sandbox-description.ts';
import { takeStateDirectory, type StateDirectory } from './state-directory.ts';
import { chooseUpstream, type Upstream } from './upstream.ts';
import { workerUser } from './worker-user.ts';

export interface SandboxOptions {
  readonly stackName: string;
  readonly stack: StackConfig;
  /** The gateway's TLS port; a free one where it is taken. */
  readonly port: number;
  /** The plain port; a free one where it is taken. */
  readonly plainPort: number;
  /** The folder for keys, files and logs; by default a free `.sandbox` of the working directory. */
  readonly stateDirectory?: string | undefined;
  /** A folder with an existing CA and server certificate, in lib/pki's layout, where nothing is written. */
  readonly pkiDirectory?: string | undefined;
  /** The upstream's URL, or `stand-in`; by default a local Ollama, else the stand-in. */
  readonly upstream?: string | undefined;
  /** Told what was chosen other than asked for. */
  readonly notice: (text: string) => void;
}

/** A running sandbox: the stack's own files with a real nginx on loopback. */
export interface Sandbox {
  readonly description: () => SandboxDescription;
  readonly deployment: () => Deployment;
  /** Path of sandbox.json. */
  readonly descriptionFile: string;
  readonly logDirectory: string;
  /** Settles when nginx ended by itself, with the reason. */
  readonly ended: Promise<string>;
  /**
   * Puts a changed configuration of the stack in force.
   *
   * @returns what changed, in lines; none where no file differs
   * @throws UserError where it cannot be; the running one stays
   */
  apply(stack: StackConfig): Promise<string[]>;
  stop(): Promise<void>;
}

/** Everything that stays while the configuration changes. */
interface Ground {
  readonly options: SandboxOptions;
  readonly nginx: NginxProgram;
  readonly state: StateDirectory;
  readonly upstream: Upstream;
  readonly placement: Placement;
}

/**
 * Stands up the sandbox and writes sandbox.json when it is ready.
 *
 * @throws UserError for what the user can mend; nothing is left running then
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const nginx = await findNginx();
  const state = await takeStateDirectory(options.stateDirectory);
  const undo: (() => Promise<void>)[] = [() => state.release()];
  try {
    const upstream = await chooseUpstream(options.upstream);
    undo.unshift(() => upstream.close());
    const placement = await place(options, state, upstream);
    undo.unshift(() => rm(placement.paths.runtimeDirectory, { recursive: true, force: true }));
    return await startOn({ options, nginx, state, upstream, placement });
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

async function startOn(ground: Ground): Promise<Sandbox> {
  const { state, placement, upstream } = ground;
  let running = await prepare(ground, ground.options.stack);
  const gateway = await startGateway(running.tree, {
    nginx: ground.nginx,
    directory: state.path,
    logDirectory: placement.paths.logDirectory,
    runtimeDirectory: placement.paths.runtimeDirectory,
    listen: placement.listen,
  });
  const descriptionFile = join(state.path, 'sandbox.json');
  const describe = (): SandboxDescription =>
    sandboxDescription(running.deployment, running.pki, upstream, gateway);
  await writeDescription(descriptionFile, describe());
  return {
    description: describe,
    deployment: () => running.deployment,
    descriptionFile,
    logDirectory: placement.paths.logDirectory,
    ended: gateway.ended,
    apply: async (stack) => {
      const prepared = await prepare(ground, stack);
      const changes = changeSummary(running, prepared);
      if (changes.length > 0) await gateway.replace(prepared.tree);
      running = prepared;
      await writeDescription(descriptionFile, describe());
      return changes;
    },
    stop: () => stop(gateway, ground, descriptionFile),
  };
}

async function stop(gateway: Gateway, { upstream, state }: Ground, descriptionFile: string): Promise<void> {
  await rm(descriptionFile, { force: true });
  await gateway.stop();
  await upstream.close();
  await state.release();
}

interface Prepared {
  readonly deployment: Deployment;
  readonly pki: Pki;
  readonly tree: FileTree;
}

/** Resolves and renders a configuration for this sandbox and makes the certificates that it needs. */
async function prepare({ options, nginx, state, placement }: Ground, stack: StackConfig): Promise<Prepared> {
  const deployment = resolve(options.stackName, stack, placement, nginx.platform);
  const pki = await ensurePki(
    join(state.path, 'pki'),
    deployment.certificates,
    options.pkiDirectory === undefined ? {} : { readOnlyAuthorityDir: options.pkiDirectory },
  );
  return { deployment, pki, tree: render(deployment) };
}

async function place(options: SandboxOptions, state: StateDirectory, upstream: Upstream): Promise<Placement> {
  const avoid = [upstream.endpoint.port];
  const chosen = await choosePort(options.port, avoid);
  const plain = await choosePort(options.plainPort, [...avoid, chosen.port]);
  if (chosen.wantedWasTaken) options.notice(sandboxText.portTaken('--port', options.port, chosen.port));
  const hasPlainPort = options.stack.gateway.plainListenPort !== false;
  if (plain.wantedWasTaken && hasPlainPort) {
    options.notice(sandboxText.portTaken('--plain-port', options.plainPort, plain.port));
  }
  const pki = pkiPaths(options.pkiDirectory ?? join(state.path, 'pki'));
  if (!isQuotablePath(pki.root)) throw sandboxText.unquotablePath('--pki', pki.root);
  return {
    listen: { address: loopback, port: chosen.port },
    plainListen: hasPlainPort ? { address: loopback, port: plain.port } : undefined,
    upstream: upstream.endpoint,
    workerUser: await workerUser(),
    workerProcesses: 1,
    paths: {
      runtimeDirectory: await makeMemoryFolder(),
      logDirectory: join(state.path, 'log'),
      serverCertificate: pki.server.certificate,
      serverKey: pki.server.key,
      clientCa: pki.ca.certificate,
    },
  };
}

/** Replaces the file at once, so that a script never reads half of it; only its owner may, since it names keys. */
async function writeDescription(file: string, description: SandboxDescription): Promise<void> {
  const temporary = `${file}.partial`;
  await writeFile(temporary, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}
