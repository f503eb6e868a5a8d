import type { SSHProvisionerConnection } from 'cdktf/lib/terraform-provisioner.js';

/** Where SSH connects to, as values or expressions of terraform. */
export interface SshEnd {
  readonly address: string;
  readonly port: number | string;
  readonly user: string;
  readonly hostKey: string;
  /** An expression that gives the text of a private key, or null for the keys of the agent. */
  readonly privateKey: string;
  readonly timeoutSeconds: number;
}

/** A connection with its host key pinned. */
export function sshConnection(end: SshEnd): SSHProvisionerConnection {
  return {
    type: 'ssh',
    host: end.address,
    port: end.port as number,
    user: end.user,
    hostKey: end.hostKey,
    privateKey: end.privateKey,
    timeout: `${end.timeoutSeconds}s`,
    // Terraform makes its scripts writable for everybody: in a home they are out of others' reach, in /tmp not.
    scriptPath: './.hardening-%RAND%.sh',
  };
}
