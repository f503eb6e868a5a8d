import type { MachineStatus } from './machine-status.ts';
import { statusText } from '../messages/status.ts';

/** What needs attention on a machine, each in a sentence with what to do; empty where all is well. */
export function judgeStatus(status: MachineStatus, wantedRelease: string): string[] {
  const findings: string[] = [];
  if (status.interrupted !== undefined) findings.push(statusText.interrupted(status.interrupted));
  if (status.release === '') findings.push(statusText.noRelease);
  else if (status.release !== wantedRelease)
    findings.push(statusText.otherRelease(status.release, wantedRelease));
  if (status.health !== '') findings.push(statusText.unhealthy(status.health));
  if (status.drift.length > 0) findings.push(statusText.drift(status.drift));
  if (status.refused.length > 0) findings.push(statusText.refused(status.refused));
  if (!['activated', 'unchanged', ''].includes(status.last_outcome)) {
    findings.push(statusText.lastOutcome(status.last_outcome, status.last_reason));
  }
  return findings;
}
