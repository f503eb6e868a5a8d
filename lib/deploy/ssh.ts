import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** How a program on a machine ended. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** 255 where ssh itself failed. */
  readonly status: number;
}

const connectTimeoutSeconds = 10;
/** What is asked for takes a machine a second or two. */
const answerTimeoutMs = 60_000;
/** A list of a hundred thousand certificates is smaller. */
const maxAnswerBytes = 32 * 1024 * 1024;

/**
 * Runs a command of the login shell over ssh(1), with the host key pinned and no question asked. Nothing secret may be
 * in the command.
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
    return await run('ssh', [
      ...settings.flatMap((setting) => ['-o', setting]),
      ...(login.identity === undefined ? [] : ['-i', login.identity]),
      ...['-p', String(login.port), '-l', login.user, '--', login.address, command],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, parameters: readonly string[]): Promise<Answer> {
  return new Promise((settle) => {
    const limits = { timeout: answerTimeoutMs, maxBuffer: maxAnswerBytes };
    const child = execFile(program, parameters, limits, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      settle({
        stdout,
        stderr: stderr || (error?.message ?? ''),
        status: typeof code === 'number' ? code : 255,
      });
    });
    child.stdin?.end();
  });
}

/** The last line of what a program said, for a message. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
