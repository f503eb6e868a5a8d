import type { FindingId } from '../messages/probe-findings.ts';
import type { ProbeContext } from './context.ts';
import type { Area, CheckResult, FindingSeed } from './types.ts';

/** One thing that a probe looks at. A check that throws counts as `unknown`. */
export interface Check {
  /** The name of its file. */
  readonly id: string;
  /** What a pass means, in a few words. */
  readonly title: string;
  readonly area: Area;
  /**
   * What must be there for it to run: `nothing`; the `gateway` port open; TLS on it (`tls`); a client `identity`; a
   * `model` as well.
   */
  readonly needs: 'nothing' | 'gateway' | 'tls' | 'identity' | 'model';
  readonly run: (context: ProbeContext) => Promise<CheckResult> | CheckResult;
}

/** A finding whose id is in the catalogue. */
export function finding(id: FindingId, seen: string, port?: number): FindingSeed {
  return { id, seen, ...(port === undefined ? {} : { port }) };
}

export const pass = (seen: string, findings: readonly FindingSeed[] = []): CheckResult => ({
  outcome: 'pass',
  seen,
  findings,
});
export const fail = (seen: string, findings: readonly FindingSeed[]): CheckResult => ({
  outcome: 'fail',
  seen,
  findings,
});
export const unknown = (seen: string, findings: readonly FindingSeed[] = []): CheckResult => ({
  outcome: 'unknown',
  seen,
  findings,
});
export const skipped = (seen: string): CheckResult => ({ outcome: 'skipped', seen });
