import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, type Answer } from './run-program.ts';

/** How to log in to a machine. */
export interface MachineLogin {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The only host key that is accepted. */
  readonly hostKey: string;
  /** The path of a private key. Default: the agent's keys and those that ssh tries by itself. */
  readonly identity: string | undefined;
}

const connectTimeoutSeconds = 10;
/** What is asked for takes a machine a second or two. */
const answerTimeoutMs = 60_000;
/** A list of a hundred thousand certificates is smaller. */
const maxAnswerBytes = 32 * 1024 * 1024;

/**
 * Runs a command of the login shell over ssh(1), with the host key pinned and no question asked. Nothing secret may be
 * in the command.
 *
 * @returns status 255 where ssh itself failed
 */
export async function runOnMachine(login: MachineLogin, command: string): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'hardening-ssh-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    const host = login.port === 22 ? login.address : `[${login.address}]:${login.port}`;
    await writeFile(knownHosts, `${host} ${login.hostKey}\n`, { mode: 0o600 });
    const settings = [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'GlobalKnownHostsFile=none',
      `ConnectTimeout=${connectTimeoutSeconds}`,
      'LogLevel=ERROR',
      ...(login.identity === undefined ? [] : ['IdentitiesOnly=yes']),
    ];
    const parameters = [
      ...settings.flatMap((setting) => ['-o', setting]),
      ...(login.identity === undefined ? [] : ['-i', login.identity]),
      ...['-p', String(login.port), '-l', login.user, '--', login.address, command],
    ];
    const answer = await runProgram('ssh', parameters, {
      timeout: answerTimeoutMs,
      maxBuffer: maxAnswerBytes,
    });
    return { ...answer, stderr: answer.stderr || answer.failure };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The last line of what a program said, for a message. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
