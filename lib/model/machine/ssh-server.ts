import type { StackConfig } from '../../config/schema.ts';

/** What the machine's SSH server is told. */
export interface SshServer {
  /** Root may log in with a key: a deployment does. */
  readonly rootMayLogIn: boolean;
  /** The one type of host key that is offered; undefined where the machine's own settings stay. */
  readonly hostKeyAlgorithm: string | undefined;
  /** The one host key that there is; undefined where the machine's own stay. */
  readonly hostKey: string | undefined;
  readonly keyExchange: readonly string[];
  /** Who logs in with the configuration's keys; undefined where it names none. */
  readonly administrators: Administrators | undefined;
}

export interface Administrators {
  readonly user: string;
  /** Keys in the user's home count too: on a machine that had administrators before. */
  readonly keepsOwnKeys: boolean;
  readonly keys: readonly { readonly name: string; readonly key: string }[];
}

/** The file with the administrators' keys. */
export const administratorsFile = 'etc/hardening/ssh/administrators';

/** Decides what the SSH server is told. Whoever deploys can log in as before. */
export function sshServer(stack: StackConfig): SshServer {
  const { host, digitalocean } = stack.target;
  return {
    rootMayLogIn: host?.user === 'root',
    // Only the pinned type: terraform's client takes ECDSA or RSA where a server offers them too.
    hostKeyAlgorithm: digitalocean === undefined ? host?.hostKey.split(' ')[0] : 'ssh-ed25519',
    hostKey: digitalocean === undefined ? undefined : '/etc/ssh/ssh_host_ed25519_key',
    keyExchange: keyExchange(stack.target.distribution),
    administrators: administrators(stack),
  };
}

/**
 * Key exchanges that a quantum computer does not undo come first: ML-KEM from OpenSSH 9.9, which of these only Debian
 * 13 has (10.0; Debian 12 has 9.2, Ubuntu 24.04 9.6). An unknown name would keep sshd from starting.
 */
function keyExchange(distribution: StackConfig['target']['distribution']): string[] {
  return [
    ...(distribution === 'debian-13' ? ['mlkem768x25519-sha256'] : []),
    'sntrup761x25519-sha512@openssh.com',
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
  ];
}

function administrators({ ssh, target }: StackConfig): Administrators | undefined {
  const keys = Object.entries(ssh.adminKeys)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, key]) => ({ name, key }));
  if (keys.length === 0) return undefined;
  return {
    user: target.host?.user ?? ssh.adminUser,
    keepsOwnKeys: target.digitalocean === undefined,
    keys,
  };
}
