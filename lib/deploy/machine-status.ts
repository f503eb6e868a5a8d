import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { deployCommandText } from '../messages/deploy.ts';

/** What `hardening-release status --json` on the machine tells. */
const statusSchema = z.object({
  release: z.string(),
  previous: z.string(),
  health: z.string(),
  last_release: z.string(),
  last_started: z.string(),
  last_ended: z.string(),
  last_outcome: z.string(),
  last_reason: z.string(),
  interrupted: z.string().optional(),
  drift: z.array(z.string()),
  refused: z.array(z.string()),
});
export type MachineStatus = z.output<typeof statusSchema>;

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
/** The machine asks its own gateway and hashes its files: a second or two. */
const answerTimeoutMs = 60_000;

/**
 * Asks a machine over SSH, with its host key pinned, what is in force there. Changes nothing.
 *
 * @throws UserError where it cannot be reached or gives no answer
 */
export async function machineStatus(login: MachineLogin): Promise<MachineStatus> {
  const folder = await mkdtemp(join(tmpdir(), 'hardening-status-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    const host = login.port === 22 ? login.address : `[${login.address}]:${login.port}`;
    await writeFile(knownHosts, `${host} ${login.hostKey}\n`, { mode: 0o600 });
    const command = 'hardening-release status --json';
    const { stdout, stderr, status } = await run('ssh', [
      ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${knownHosts}`],
      ...[
        '-o',
        'GlobalKnownHostsFile=none',
        '-o',
        `ConnectTimeout=${connectTimeoutSeconds}`,
        '-o',
        'LogLevel=ERROR',
      ],
      ...(login.identity === undefined ? [] : ['-o', 'IdentitiesOnly=yes', '-i', login.identity]),
      ...['-p', String(login.port), '-l', login.user, '--', login.address],
      login.user === 'root' ? command : `sudo -n ${command}`,
    ]);
    // ssh's own failures end with 255; the program's 1 says that something needs attention.
    if (status === 255) throw deployCommandText.unreachable(login.address, lastLine(stderr));
    const parsed = statusSchema.safeParse(parseJson(stdout));
    if (!parsed.success) throw deployCommandText.noRelease(login.address, lastLine(stderr));
    return parsed.data;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(
  program: string,
  parameters: readonly string[],
): Promise<{ stdout: string; stderr: string; status: number }> {
  return new Promise((settle) => {
    const child = execFile(program, parameters, { timeout: answerTimeoutMs }, (error, stdout, stderr) => {
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
