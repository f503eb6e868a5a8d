import * as z from 'zod';
import { firewallSection } from './sections/firewall.ts';
import { gatewaySection } from './sections/gateway.ts';
import { limitsSection } from './sections/limits.ts';
import { logSection } from './sections/log.ts';
import { ollamaSection } from './sections/ollama.ts';
import { pkiSection } from './sections/pki.ts';
import { revokedSection } from './sections/revoked.ts';
import { servicesSection } from './sections/services.ts';
import { sshSection } from './sections/ssh.ts';
import { targetSection } from './sections/target.ts';
import { terraformStateSection } from './sections/terraform-state.ts';

/** One hardened machine. */
export const stackSchema = z.strictObject({
  /** What the files are written for. */
  target: targetSection.prefault({}),
  /** The nginx gateway in front of Ollama. */
  gateway: gatewaySection,
  /** Who may call, with which routes, how often. */
  services: servicesSection,
  /** Whose certificates were taken back, when and why. */
  revoked: revokedSection.default([]),
  /** Rates and concurrency on the inference routes. */
  limits: limitsSection.prefault({}),
  /** The certificate authority and lifetimes. */
  pki: pkiSection.prefault({}),
  /** Ollama's own settings. */
  ollama: ollamaSection.prefault({}),
  /** The gateway's log. */
  log: logSection.prefault({}),
  /** How administrators reach the machine. */
  ssh: sshSection.prefault({}),
  /** Who reaches the gateway. */
  firewall: firewallSection.prefault({}),
  /** Where terraform's state is kept. */
  terraformState: terraformStateSection.prefault({}),
});

/** The whole configuration file. The schema is the one home of every type, default and description. */
export const configSchema = z.strictObject({
  /** The stacks by name; each is a machine with a CA and a rendered folder of its own. */
  stacks: z
    .record(z.string(), stackSchema)
    .refine((stacks) => Object.keys(stacks).length > 0)
    .meta({ allowed: 'an object with a stack name for each key, at least one', fix: 'add a stack' }),
});

/** What a user writes: defaults may be left out. */
export type ConfigInput = z.input<typeof configSchema>;
/** A checked configuration with every default filled in. */
export type Config = z.output<typeof configSchema>;
export type StackConfig = Config['stacks'][string];
export type ServiceConfig = StackConfig['services'][string];
