import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { untilHolds } from '../../gateway/support/waiting.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { script, startContained, type Contained } from './contained.ts';

/** How a command ended and what it printed. */
export interface Result {
  /** Null for one that was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A distribution's root with processes in it, in namespaces of its own. */
export interface Machine {
  /** Runs a command of the distribution as its root, with `input` as standard input; kills it after a minute. */
  run(command: readonly string[], input?: string): Promise<Result>;
  /** Like {@link run}, for a command that must succeed; returns its standard output. */
  output(command: readonly string[], input?: string): Promise<string>;
  /** Starts a command of the distribution as its root, for as long as it takes. */
  start(command: readonly string[]): ChildProcessWithoutNullStreams;
  write(path: string, content: string, mode?: number): Promise<void>;
  /** Where the host finds a file of the machine; links in the path would lead to the host's files. */
  hostPath(path: string): string;
  /** Makes of a command of the host one that sees the machine's network and no other. */
  inNetwork(command: readonly string[]): readonly string[];
  /** Ends every process of it; nothing is left. */
  stop(): Promise<void>;
}

const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc'];

/** Makes a machine with no process but those that a test starts. The root itself is never changed. */
export async function enterRoot(root: string): Promise<Machine> {
  const folder = await temporaryFolder();
  const program = script('enter-root.sh');
  const contained = await startContained([
    ...['unshare', ...namespaces, '--fork', '--kill-child'],
    ...[program, root, folder.path],
  ]);
  const pid = Number(contained.firstLine);
  return machineOf(
    () => pid,
    async () => {
      await contained.stop();
      await folder.remove();
    },
  );
}

/** How a machine is booted. */
export interface BootOptions {
  /** A folder that is copied over the root before it boots, with owners and modes. Nothing unless given. */
  readonly files?: string;
  /**
   * A network namespace outside of the machine, in place of none but its loopback: `machine` and `outside` are the names
   * of the two ends of a cable between them, which are down and without addresses.
   */
  readonly cable?: { readonly machine: string; readonly outside: string };
  /** cloud-init runs at each boot, and is waited for: a minute at most, whatever comes of it. It does not unless given. */
  readonly cloudInit?: boolean;
}

/** A machine with the distribution's own systemd. */
export interface BootedMachine extends Machine {
  /** Makes of a command of the host one that sees the network outside of the machine, and is killed with the machine. */
  fromOutside(command: readonly string[]): readonly string[];
  /**
   * Ends all processes of the machine at one moment, as without power, and boots it again. Its disk has all that was
   * written, also what a real disk may lose without fsync(2). The cable is new.
   */
  powerCut(): Promise<void>;
}

/** Boots a machine with the distribution's own systemd. Its own nginx is masked. The root itself is never changed. */
export async function bootRoot(
  root: string,
  { files, cable, cloudInit = false }: BootOptions = {},
): Promise<BootedMachine> {
  const folder = await temporaryFolder();
  const name = `rhk-${process.pid}-${folder.path.slice(-6)}`;
  const contained = await startContained([
    ...(cable === undefined ? [] : ['unshare', '--net']),
    ...[script('boot-root.sh'), root, folder.path, name, files ?? ''],
    cable === undefined ? '--private-network' : `--network-veth-extra=${cable.outside}:${cable.machine}`,
  ]);
  const stop = async (): Promise<void> => {
    await contained.stop();
    await folder.remove();
  };
  const first = `/proc/${contained.firstLine}`;
  const inside = ['nsenter', `--net=${first}/ns/net`, `--pid=${first}/ns/pid`];
  let pid: number;
  const machine = machineOf(() => pid, stop);
  const untilBooted = async (): Promise<void> => {
    pid = await systemdBelow(contained);
    const untilSystemIs = (states: RegExp): Promise<void> =>
      untilHolds(
        async () => states.test((await machine.run(['systemctl', 'is-system-running'])).stdout.trim()),
        `systemd of ${root}`,
      );
    if (cloudInit) {
      await untilSystemIs(/^(?:starting|running|degraded)$/);
      await machine.run(['cloud-init', 'status', '--wait']);
    }
    await untilSystemIs(/^(?:running|degraded)$/);
  };
  try {
    await untilBooted();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...machine,
    // nsenter waits for the command, but would not end it when it is killed itself.
    fromOutside: (command) => [...inside, '--', 'setpriv', '--pdeathsig=KILL', '--', ...command],
    powerCut: async () => {
      await writeFile(`${first}/root/run/boot-again`, '');
      const before = pid;
      process.kill(before, 'SIGKILL');
      await untilHolds(() => !existsSync(`/proc/${before}`), 'the end of the processes');
      await untilBooted();
    },
  };
}

/** The process id of the machine's systemd: it appears when systemd-nspawn is done. */
async function systemdBelow(contained: Contained): Promise<number> {
  let found: number | undefined;
  let gone = false;
  void contained.ended.then(() => (gone = true));
  await untilHolds(() => {
    if (gone) throw new Error('systemd-nspawn ended at once');
    found = descendant(Number(contained.firstLine), 'systemd');
    return found !== undefined;
  }, 'systemd-nspawn');
  return found ?? 0;
}

function descendant(pid: number, name: string): number | undefined {
  for (const child of childrenOf(pid)) {
    if (read(`/proc/${child}/comm`).trim() === name) return child;
    const below = descendant(child, name);
    if (below !== undefined) return below;
  }
  return undefined;
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** The content of a file of /proc; empty for a process that has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function machineOf(pid: () => number, stop: () => Promise<void>): Machine {
  const enter = (): string[] => ['--target', String(pid()), ...namespaces, '--root', '--wd'];
  const start = (command: readonly string[], timeoutMs?: number): ChildProcessWithoutNullStreams =>
    spawn('nsenter', [...enter(), '--', ...command], {
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LANG: 'C.UTF-8',
        HOME: '/root',
      },
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
    });
  const run = async (command: readonly string[], input = ''): Promise<Result> => {
    const child = start(command, 60_000);
    child.stdin.on('error', () => undefined).end(input);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stdout, stderr };
  };
  const output = async (command: readonly string[], input?: string): Promise<string> => {
    const { status, stdout, stderr } = await run(command, input);
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
    return stdout;
  };
  return {
    run,
    output,
    start: (command) => start(command),
    write: async (path, content, mode = 0o644) => {
      const write = 'umask 022; mkdir -p "$1"; umask 077; cat >"$2"; chmod "$3" "$2"';
      await output(['sh', '-c', write, 'sh', dirname(path), path, mode.toString(8)], content);
    },
    hostPath: (path) => `/proc/${pid()}/root${path}`,
    inNetwork: (command) => ['nsenter', `--net=/proc/${pid()}/ns/net`, '--', ...command],
    stop,
  };
}
