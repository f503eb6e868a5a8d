import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sandboxText } from '../messages/sandbox.ts';
import type { Endpoint } from '../model/placement.ts';
import type { FileTree } from '../render/file-tree.ts';
import { makeFolder } from '../render/make-folder.ts';
import { writeFolder } from '../render/rendered-folder.ts';
import { orTell } from '../render/system-errors.ts';
import type { NginxProgram } from './nginx-program.ts';
import { workersOf, workersReplaced } from './nginx-workers.ts';
import { startGroup, type ProcessGroup } from './process-group.ts';

/** The gateway's main file in a rendered tree. */
const mainFile = 'etc/hardening/gateway/nginx.conf';
const startTimeoutMs = 10_000;

/** A running nginx over a rendered tree. */
export interface Gateway {
  readonly pid: number;
  /** The folder with the tree that it runs. */
  readonly tree: string;
  /** Settles when nginx has ended, with how and with what it last said. */
  readonly ended: Promise<string>;
  /**
   * Replaces the tree by another and reloads; from then on every new request meets the new one.
   *
   * @throws UserError where nginx refuses it; the running tree stays
   */
  replace(tree: FileTree): Promise<void>;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly nginx: NginxProgram;
  /** Where the tree and its next version are kept. */
  readonly directory: string;
  readonly logDirectory: string;
  /** For nginx's process id and temporary files; removed in the end. */
  readonly runtimeDirectory: string;
  readonly listen: Endpoint;
  /** Removed as soon as this process is gone, so that none of it passes for ready; by default there is none. */
  readonly readyFile?: string;
  /** Ends the start; by default nothing does. */
  readonly ending?: AbortSignal;
}

/**
 * Starts nginx from a rendered tree and waits until it accepts connections.
 *
 * @throws UserError where nginx refuses the tree or does not start
 */
export async function startGateway(tree: FileTree, options: GatewayOptions): Promise<Gateway> {
  const current = join(options.directory, 'tree');
  const next = join(options.directory, 'tree.next');
  const previous = join(options.directory, 'tree.previous');
  await orTell(
    () => makeFolder(options.logDirectory),
    (code) => sandboxText.stateUnwritable(options.logDirectory, code),
  );
  await writeFolder(current, tree, '--state-dir');
  await checkWithNginx(options.nginx, current);
  const group = await startGroup(
    options.nginx.path,
    ['-e', 'stderr', '-c', join(current, mainFile)],
    options.runtimeDirectory,
    options.readyFile,
  );
  const gone = new AbortController();
  const ended = group.ended.then((how) => {
    gone.abort();
    return sandboxText.nginxEnded(how, group.errors());
  });
  await acceptsConnections(group, options);

  return {
    pid: group.pid,
    tree: current,
    ended,
    stop: () => group.stop(),
    replace: async (replacement) => {
      await rm(next, { recursive: true, force: true });
      await writeFolder(next, replacement, '--state-dir');
      try {
        await checkWithNginx(options.nginx, next);
      } catch (error) {
        await rm(next, { recursive: true, force: true });
        throw error;
      }
      await rm(previous, { recursive: true, force: true });
      await rename(current, previous);
      await rename(next, current);
      await rm(previous, { recursive: true });
      const { accepting: before } = await workersOf(group.pid);
      group.signal('SIGHUP');
      if (!(await workersReplaced(group.pid, before, gone.signal))) {
        throw sandboxText.reloadFailed(options.logDirectory);
      }
    },
  };
}

async function checkWithNginx(nginx: NginxProgram, tree: string): Promise<void> {
  try {
    await promisify(execFile)(nginx.path, ['-t', '-q', '-e', 'stderr', '-c', join(tree, mainFile)]);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw sandboxText.nginxRefused(stderr?.trim() ?? String(error));
  }
}

async function acceptsConnections(
  group: ProcessGroup,
  { listen: { address, port }, ending }: GatewayOptions,
): Promise<void> {
  let endedHow: string | undefined;
  void group.ended.then((how) => (endedHow = how));
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline && endedHow === undefined && ending?.aborted !== true) {
    const open = await new Promise<boolean>((settle) => {
      const socket = connect({ host: address, port }, () => settle(true)).on('error', () => settle(false));
      socket.once('close', () => settle(false)).setTimeout(1_000, () => socket.destroy());
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(20);
  }
  const how = endedHow ?? sandboxText.withoutConnections;
  await group.stop();
  ending?.throwIfAborted();
  throw sandboxText.nginxDidNotStart(how, group.errors());
}
