import { skipped, unknown, type Check } from './check.ts';
import type { ProbeContext } from './context.ts';
import type { Deadline } from './deadline.ts';
import type { CheckResult } from './types.ts';

/** Why a check is not run, or undefined when everything that it needs is there. */
function hindrance(check: Check, context: ProbeContext): CheckResult | undefined {
  if (check.needs === 'nothing') return undefined;
  const { target, gateway } = context;
  const { state, seen, tls } = gateway.report;
  if ((check.needs === 'identity' || check.needs === 'model') && target.identity === undefined) {
    return skipped('no --cert and --key given');
  }
  if (check.needs === 'model' && target.model === undefined) return skipped('no --model given');
  if (state !== 'open') return unknown(`port ${target.gatewayPort} is ${state}`);
  if (check.needs !== 'gateway' && !tls) return unknown(`no TLS on port ${target.gatewayPort}: ${seen}`);
  return undefined;
}

/** Runs a check so that neither an error nor the deadline takes the report away. */
export async function runCheck(
  check: Check,
  context: ProbeContext,
  deadline: Deadline,
): Promise<CheckResult> {
  const hindered = hindrance(check, context);
  if (hindered !== undefined) return hindered;
  if (deadline.passed) return unknown('no time was left');
  try {
    const late = deadline.over.then(() => unknown('no time was left'));
    return await Promise.race([Promise.resolve(check.run(context)), late]);
  } catch (error) {
    return unknown(`the check failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
