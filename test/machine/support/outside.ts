import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { BootedMachine, Result } from '../../distributions/support/machine.ts';

/** Addresses of the cable's ends: for documentation only, so that they are no one's (RFC 5737 TEST-NET-1, RFC 3849). */
export const network = {
  machine: '192.0.2.10',
  outside: '192.0.2.1',
  machineIpv6: '2001:db8::10',
  outsideIpv6: '2001:db8::1',
} as const;

export interface OutsideOptions {
  /** The folder to run it in; this process's own unless given. */
  readonly cwd?: string;
  /** Variables that this process's environment is extended with. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Makes of a system a router: settings of the network namespace that they are opened in. */
const forwarding = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'];

/** terraform with a machine that is slow is the longest that runs outside. */
const limitMs = 300_000;

/** Runs a command of this machine in the network outside of a machine. */
export async function runOutside(
  machine: BootedMachine,
  command: readonly string[],
  { cwd, environment, input = '' }: OutsideOptions = {},
): Promise<Result> {
  const [program = '', ...parameters] = machine.fromOutside(command);
  const child = spawn(program, parameters, {
    cwd,
    env: { ...process.env, ...environment },
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  child.stdin.on('error', () => undefined).end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/**
 * Gives the ends of a new cable their addresses. Outside is the machine's router to all other networks. It leads to
 * none, and says so at once.
 */
export async function connectCable(machine: BootedMachine): Promise<void> {
  const outside = (line: string): readonly string[] => machine.fromOutside(['ip', ...line.split(' ')]);
  const inside = (line: string): readonly string[] => machine.inNetwork(['ip', ...line.split(' ')]);
  for (const [program = '', ...parameters] of [
    outside('link set lo up'),
    outside('link set outside up'),
    inside('link set eth0 up'),
    outside(`address add ${network.outside}/24 dev outside`),
    inside(`address add ${network.machine}/24 dev eth0`),
    inside(`route add default via ${network.outside}`),
    // nodad: an address is there at once, without a wait for others who may have it.
    outside(`address add ${network.outsideIpv6}/64 dev outside nodad`),
    inside(`address add ${network.machineIpv6}/64 dev eth0 nodad`),
    inside(`route add default via ${network.outsideIpv6}`),
    machine.fromOutside(['sh', '-c', `for file in ${forwarding.join(' ')}; do echo 1 >$file; done`]),
  ]) {
    await promisify(execFile)(program, parameters);
  }
}
