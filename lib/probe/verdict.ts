import { ExitCode } from '../messages/user-error.ts';
import type { CheckReport, Finding, ProbeReport, Verdict } from './types.ts';

/** True for a finding that sets the exit code. */
export function counts(one: Finding): boolean {
  return one.severity !== 'info' && one.acknowledged === undefined;
}

/** Says in one word what a probe came to. */
export function verdictOf(findings: readonly Finding[], results: readonly CheckReport[]): Verdict {
  if (findings.some(counts)) return 'findings';
  return results.some((result) => result.outcome === 'unknown') ? 'unknown' : 'holds';
}

const exitCodes: Readonly<Record<Verdict, ExitCode>> = {
  holds: ExitCode.ok,
  findings: ExitCode.attention,
  unknown: ExitCode.unable,
};

/** The exit code that goes with a report. */
export function exitCodeOf(report: ProbeReport): ExitCode {
  return exitCodes[report.verdict];
}
