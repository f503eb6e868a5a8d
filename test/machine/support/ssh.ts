import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A key pair of SSH, ed25519, without a passphrase. */
export interface SshKey {
  /** Path of the private key, mode 0600. */
  readonly path: string;
  /** The private key, in OpenSSH's format. */
  readonly privateKey: string;
  /** One line, without a comment: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** The keys of one machine: its own, and that of the one who may log in. */
export interface SshKeys {
  readonly host: SshKey;
  readonly user: SshKey;
}

/** Makes the keys of a machine in a folder. */
export async function makeSshKeys(folder: string): Promise<SshKeys> {
  await mkdir(folder, { recursive: true });
  return { host: await makeSshKey(join(folder, 'host')), user: await makeSshKey(join(folder, 'user')) };
}

/** Makes a key at a path where nothing is yet. */
export async function makeSshKey(path: string): Promise<SshKey> {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  const privateKey = await readFile(path, 'utf8');
  return { path, privateKey, publicKey: (await readFile(`${path}.pub`, 'utf8')).trim() };
}

export interface SshTarget {
  readonly address: string;
  /** The key that the machine must have. */
  readonly hostKey: string;
  /** The path of the key to log in with. */
  readonly userKey: string;
}

/**
 * OpenSSH's client with its options, for one that has only these keys and asks nothing; user and command follow.
 *
 * @param knownHosts the path to write the pinned key to
 */
export async function sshCommand(
  knownHosts: string,
  { address, hostKey, userKey }: SshTarget,
): Promise<readonly string[]> {
  await writeFile(knownHosts, `${address} ${hostKey}\n`);
  const options = {
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: 'none',
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    ConnectTimeout: '10',
    LogLevel: 'ERROR',
  };
  const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['ssh', '-F', 'none', '-i', userKey, ...given];
}
