import { findingTexts, type FindingId } from '../messages/probe-findings.ts';
import { unknown, type Check } from './check.ts';
import { checkPhases, checks } from './checks/index.ts';
import { clean } from './clean.ts';
import { makeContext } from './context.ts';
import { Deadline } from './deadline.ts';
import { resolveOptions } from './options.ts';
import { runCheck } from './run-check.ts';
import { portsOf, scanPort } from './scan.ts';
import type { Target } from './target.ts';
import {
  severities,
  type CheckReport,
  type CheckResult,
  type Finding,
  type ProbeOptions,
  type ProbeReport,
} from './types.ts';
import { verdictOf } from './verdict.ts';

export { renderReport } from './report.ts';
export { reportSchema } from './types.ts';
export type { Finding, ProbeOptions, ProbeReport, Severity, Outcome, Verdict } from './types.ts';

function findingsOf(target: Target, results: ReadonlyMap<Check, CheckResult>): Finding[] {
  const found = [...results].flatMap(([check, result]) =>
    (result.findings ?? []).map((seed): Finding => {
      const { severity, title, why, fix } = findingTexts[seed.id as FindingId];
      const reason = Object.hasOwn(target.acknowledged, seed.id) ? target.acknowledged[seed.id] : undefined;
      return {
        id: seed.id,
        check: check.id,
        severity,
        title,
        seen: clean(seed.seen),
        why,
        fix,
        ...(seed.port === undefined ? {} : { port: seed.port }),
        ...(reason === undefined ? {} : { acknowledged: clean(reason) }),
      };
    }),
  );
  // Two checks may find the same thing at the same port.
  const kept = found.filter(
    (one, index) => index === found.findIndex((other) => other.id === one.id && other.port === one.port),
  );
  const rank = (one: Finding): number => severities.indexOf(one.severity);
  return kept.sort((a, b) => rank(a) - rank(b) || (a.port ?? 0) - (b.port ?? 0));
}

/**
 * Probes a host from outside: scans its ports, then judges the gateway. Sends nothing that costs inference unless a model
 * is given, and nothing that could change one. Prints nothing.
 * @param onProgress called with a few words as the probe goes on
 * @param ending ends the probe at once; what it has not seen by then is unknown
 * @throws UserError for options that cannot be used
 */
export async function probe(
  options: ProbeOptions,
  onProgress: (text: string) => void = () => undefined,
  ending?: AbortSignal,
): Promise<ProbeReport> {
  const startedAt = new Date();
  const started = performance.now();
  const target = await resolveOptions(options);
  const deadline = new Deadline(target.deadlineMs - (performance.now() - started));
  const end = (): void => deadline.end();
  if (ending?.aborted === true) end();
  ending?.addEventListener('abort', end);
  const step = (timeoutMs = target.timeoutMs): AbortSignal => deadline.step(timeoutMs);
  try {
    const ports = portsOf(target);
    onProgress(`${target.address}: ${ports.length} ports`);
    const scans = await Promise.all(ports.map((port) => scanPort(target, port, step)));
    const context = makeContext(target, scans, step);
    const results = new Map<Check, CheckResult>();
    let done = 0;
    for (const phase of checkPhases) {
      await Promise.all(
        phase.map(async (check) => {
          onProgress(`${done} of ${checks.length} checks: ${check.title}`);
          results.set(check, await runCheck(check, context, deadline));
          done += 1;
          onProgress(`${done} of ${checks.length} checks`);
        }),
      );
    }
    const reports = checks.map((check): CheckReport => {
      const { outcome, seen } = results.get(check) ?? unknown('not run');
      return { id: check.id, title: check.title, area: check.area, outcome, seen: clean(seen) };
    });
    const ordered = new Map(checks.map((check) => [check, results.get(check) ?? unknown('not run')]));
    const findings = findingsOf(target, ordered);
    return {
      version: 1,
      host: target.host,
      address: target.address,
      serverName: target.serverName,
      gatewayPort: target.gatewayPort,
      plainPort: target.plainPort,
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(performance.now() - started),
      ports: scans
        .map(({ report }) => ({ ...report, seen: clean(report.seen, 120) }))
        .sort((a, b) => a.port - b.port),
      checks: reports,
      findings,
      verdict: verdictOf(findings, reports),
    };
  } finally {
    ending?.removeEventListener('abort', end);
    deadline.end();
  }
}
