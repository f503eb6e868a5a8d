import type { StackInput } from '../../support/test-gateway.ts';

/** A public key that nobody holds the other half of. */
export const publicKey = (letter: string): string => `ssh-ed25519 ${letter.repeat(68)}`;

/** The least that a stack for a machine that exists needs. */
export const hostStack: StackInput = {
  target: { host: { address: '192.0.2.10', hostKey: publicKey('H') } },
  ssh: { sources: ['192.0.2.0/24'] },
  terraformState: { unencryptedReason: 'Written down by a test, which keeps no state at all.' },
  gateway: { serverNames: ['models.example.com'] },
  services: { ci: {}, 'live-review': { generation: 3, certificateLifetimeDays: 30 } },
};

/** The least that a stack with a droplet needs. */
export const dropletStack: StackInput = {
  target: { digitalocean: { region: 'fra1', size: 's-4vcpu-8gb' } },
  ssh: { sources: ['192.0.2.0/24'], adminKeys: { alice: publicKey('A') } },
  terraformState: { encryptedByOpenTofu: true },
  gateway: { serverNames: ['models.example.com'] },
  services: { ci: {} },
};
