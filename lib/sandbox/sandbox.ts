import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackConfig } from '../config/schema.ts';
import { sandboxText } from '../messages/sandbox.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Placement } from '../model/placement.ts';
import { resolve } from '../model/resolve.ts';
import { ensurePki, type Pki } from '../pki/inventory.ts';
import { exists, pkiPaths } from '../pki/files.ts';
import { isQuotablePath } from '../render/helpers.ts';
import { render } from '../render/render.ts';
import { orTell } from '../render/system-errors.ts';
import { changeSummary, type SandboxContents } from './change-summary.ts';
import { startGateway } from './gateway.ts';
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
  /** Ends the start. */
  readonly ending: AbortSignal;
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

/** What ends a part of the sandbox, the part that was made last first. */
type UndoSteps = (() => Promise<unknown>)[];

/**
 * Stands up the sandbox and writes sandbox.json when it is ready.
 *
 * @throws UserError for what the user can mend, the reason of `options.ending` where that came first; nothing is left
 *   running then
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const nginx = await findNginx();
  const state = await takeStateDirectory(options.stateDirectory);
  const undo: UndoSteps = [() => state.release()];
  try {
    const upstream = await chooseUpstream(options.upstream);
    undo.unshift(() => upstream.close());
    options.ending.throwIfAborted();
    const placement = await place(options, state, upstream);
    undo.unshift(() => rm(placement.paths.runtimeDirectory, { recursive: true, force: true }));
    return await startOn({ options, nginx, state, upstream, placement }, undo);
  } catch (error) {
    await undoAll(undo).catch(() => undefined);
    throw error;
  }
}

async function startOn(ground: Ground, undo: UndoSteps): Promise<Sandbox> {
  const { options, state, placement, upstream } = ground;
  let running = await prepare(ground, options.stack);
  options.ending.throwIfAborted();
  const gateway = await startGateway(running.tree, {
    nginx: ground.nginx,
    directory: state.path,
    logDirectory: placement.paths.logDirectory,
    runtimeDirectory: placement.paths.runtimeDirectory,
    listen: placement.listen,
    readyFile: state.descriptionFile,
    ending: options.ending,
  });
  undo.unshift(() => gateway.stop());
  const describe = (): SandboxDescription =>
    sandboxDescription(running.deployment, running.pki, upstream, gateway);
  await writeDescription(state, describe());
  const apply = async (stack: StackConfig): Promise<string[]> => {
    const prepared = await prepare(ground, stack);
    const changes = changeSummary(running, prepared);
    if (changes.length > 0) await gateway.replace(prepared.tree);
    running = prepared;
    await writeDescription(state, describe());
    return changes;
  };
  let applying: Promise<unknown> = Promise.resolve();
  return {
    description: describe,
    deployment: () => running.deployment,
    descriptionFile: state.descriptionFile,
    logDirectory: placement.paths.logDirectory,
    ended: gateway.ended,
    apply: (stack) => {
      const changes = apply(stack);
      applying = changes.catch(() => undefined);
      return changes;
    },
    stop: async () => {
      await rm(state.descriptionFile, { force: true });
      // What is being applied fails at once without nginx, and writes nothing after this.
      undo.splice(
        1,
        0,
        () => applying,
        () => rm(state.descriptionFile, { force: true }),
      );
      await undoAll(undo);
    },
  };
}

/** Takes every step, and throws the first error of them in the end. */
async function undoAll(steps: UndoSteps): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

interface Prepared extends SandboxContents {
  readonly pki: Pki;
}

/** Resolves and renders a configuration for this sandbox and makes the certificates that it needs. */
async function prepare({ options, nginx, state, placement }: Ground, stack: StackConfig): Promise<Prepared> {
  const plainListen = stack.gateway.plainListenPort === false ? undefined : placement.plainListen;
  const deployment = resolve(options.stackName, stack, { ...placement, plainListen }, nginx.platform);
  const pki = await ensurePki(
    join(state.path, 'pki'),
    deployment.certificates,
    options.pkiDirectory === undefined ? {} : { readOnlyAuthorityDir: options.pkiDirectory },
  );
  return { deployment, pki, tree: render(deployment), certificates: await certificatesOf(pki) };
}

async function certificatesOf({ ca, server, clients }: Pki): Promise<Map<string, string>> {
  const paths = [ca, server, ...clients].map(({ certificate }) => certificate);
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const)));
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
    // Kept where the configuration has none, for when it gets one.
    plainListen: { address: loopback, port: plain.port },
    upstream: upstream.endpoint,
    workerUser: await workerUser(),
    workerProcesses: 1,
    paths: {
      runtimeDirectory: await makeMemoryFolder({ notice: options.notice }),
      logDirectory: join(state.path, 'log'),
      serverCertificate: pki.server.certificate,
      serverKey: pki.server.key,
      clientCa: pki.ca.certificate,
      // A folder that somebody else keeps may have none.
      clientCrl: options.pkiDirectory === undefined || exists(pki.crl) ? pki.crl : undefined,
    },
  };
}

/** Replaces the file at once, so that a script never reads half of it; only its owner may, since it names keys. */
async function writeDescription(
  { path, descriptionFile }: StateDirectory,
  description: SandboxDescription,
): Promise<void> {
  const temporary = `${descriptionFile}.partial`;
  await orTell(
    async () => {
      await writeFile(temporary, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
      await rename(temporary, descriptionFile);
    },
    (code) => sandboxText.stateUnwritable(path, code),
  );
}
