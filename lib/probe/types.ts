import { z } from 'zod';

/** How bad a finding is. `info` is told but never sets the exit code. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof severities)[number];

/** `unknown`: tried, but could not be told. `skipped`: not tried, and `seen` says why. */
export const outcomes = ['pass', 'fail', 'unknown', 'skipped'] as const;
export type Outcome = (typeof outcomes)[number];

/** Which side of the gateway a check looks at: what a stranger gets, TLS itself, what a client gets. */
export const areas = ['stranger', 'tls', 'client'] as const;
export type Area = (typeof areas)[number];

/** What a TCP port does. `filtered`: no answer in time, or an ICMP error; it says nothing about what is behind. */
export const portStates = ['open', 'closed', 'filtered'] as const;
export type PortState = (typeof portStates)[number];

/** What answers on an open port. `silent`: it accepted the connection and never said anything that we know. */
export const services = [
  'ollama',
  'open-webui',
  'livereview',
  'http',
  'tls',
  'banner',
  'silent',
  'none',
] as const;
export type Service = (typeof services)[number];

const portSchema = z.strictObject({
  port: z.int().min(1).max(65535).describe('TCP port.'),
  role: z.enum(['gateway', 'plain', 'other']).describe('What the options say that this port is.'),
  state: z.enum(portStates).describe('What the port did when a connection was opened.'),
  tls: z.boolean().describe('Whether a TLS handshake succeeded.'),
  service: z.enum(services).describe('What answered; `none` unless the state is open.'),
  seen: z.string().describe('The answer in words, cleaned of control characters.'),
});

const checkSchema = z.strictObject({
  id: z.string().describe('Name of the check; one file of lib/probe/checks each.'),
  title: z.string().describe('What a pass means.'),
  area: z.enum(areas).describe('Which side of the gateway it looks at.'),
  outcome: z.enum(outcomes),
  seen: z.string().describe('What was seen, or why it could not be told.'),
});

const findingSchema = z.strictObject({
  id: z.string().describe('Name of the finding; stable between versions.'),
  check: z.string().describe('The check that found it.'),
  severity: z.enum(severities),
  title: z.string().describe('What is wrong, in one line.'),
  seen: z.string().describe('What was seen on the wire.'),
  why: z.string().describe('Why it matters.'),
  fix: z.string().describe('What to do about it.'),
  port: z.int().min(1).max(65535).optional().describe('The TCP port, where there is one.'),
  acknowledged: z
    .string()
    .optional()
    .describe('The reason given with --acknowledge; such a finding does not set the exit code.'),
});

/** The document that `hardening probe --json` prints. */
export const reportSchema = z.strictObject({
  version: z.literal(1).describe('Version of this document.'),
  host: z.string().describe('The host as it was given.'),
  address: z.string().describe('The IP address that was probed.'),
  serverName: z.string().describe('The name used for SNI, the Host header and the name check.'),
  gatewayPort: z.int().describe("The gateway's TLS port."),
  plainPort: z.int().nullable().describe("The gateway's plain port; null if it is said to have none."),
  startedAt: z.iso.datetime().describe('Start, UTC.'),
  durationMs: z.int().min(0).describe('Duration in milliseconds.'),
  ports: z.array(portSchema).describe('One entry for each port that was tried.'),
  checks: z.array(checkSchema).describe('One entry for each check, those that were skipped included.'),
  findings: z.array(findingSchema).describe('Most severe first.'),
  verdict: z
    .enum(['holds', 'findings', 'unknown'])
    .describe(
      '`findings`: at least one above info that is not acknowledged. `unknown`: none, but a check could not be told. `holds`: neither.',
    ),
});

export type PortReport = z.infer<typeof portSchema>;
export type CheckReport = z.infer<typeof checkSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type ProbeReport = z.infer<typeof reportSchema>;
export type Verdict = ProbeReport['verdict'];

/** What to probe, and as whom. */
export interface ProbeOptions {
  /** Host name or IP address. */
  readonly host: string;
  /** TCP port of the gateway's TLS listener. Default: 443. */
  readonly gatewayPort?: number;
  /** TCP port of the gateway's plain listener, which answers 401 to everything; null for none. Default: 80. */
  readonly plainPort?: number | null;
  /** Name for SNI, the Host header and the certificate's name check. Default: `host`. */
  readonly serverName?: string;
  /** Path of a PEM file with the CA of the gateway's certificate. Default: the chain is not judged. */
  readonly ca?: string;
  /** Path of a PEM file with a client certificate that the gateway should accept. Needs `key`. */
  readonly cert?: string;
  /** Path of the PEM file with that certificate's private key. Needs `cert`. */
  readonly key?: string;
  /** Name of a model for the streaming check, which costs one short inference. Default: no inference at all. */
  readonly model?: string;
  /** Time-out of each network step in milliseconds. Default: 2,500, which leaves room for one lost SYN (RFC 6298). */
  readonly timeoutMs?: number;
  /** Time-out of the whole probe in milliseconds; what is not judged by then is unknown. Default: 9,000. */
  readonly deadlineMs?: number;
  /** Tries the two ports of the gateway and no others. Default: false. */
  readonly onlyGateway?: boolean;
  /** Ids of findings that are known, each with the reason: still told, no longer counted. Default: none. */
  readonly acknowledged?: Readonly<Record<string, string>>;
}

/** A finding as a check hands it in: the words that do not depend on the machine are in the catalogue. */
export interface FindingSeed {
  readonly id: string;
  readonly seen: string;
  readonly port?: number;
}

/** What a check hands in. */
export interface CheckResult {
  readonly outcome: Outcome;
  readonly seen: string;
  readonly findings?: readonly FindingSeed[];
}
