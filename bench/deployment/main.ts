import { showError } from '../../lib/cli/show-error.ts';
import { columns, progress, terminal } from '../../lib/messages/terminal.ts';
import { UserError } from '../../lib/messages/user-error.ts';
import { measureApplies } from './apply-time.ts';
import { measurePlans } from './plan-time.ts';
import { measurePolicy } from './policy-time.ts';
import { measureReview } from './review-time.ts';
import { measureSynth } from './synth-time.ts';
import { reasonForNoDeployment } from '../../test/machine/support/deployment.ts';

/** `npm run bench:deployment`: how long a synthesis, a plan, the policy and a review take, and a release on a booted machine. */
const serviceCounts = [1, 100, 1_000];
const planCounts = [10, 1_000];
const repeats = 5;
const policyServices = 1_000;
const err = terminal(process.stderr);
const seconds = ({ median, spread }: { median: number; spread: number }): string =>
  `${median.toFixed(2)} s ±${Math.round(spread * 50)} %`;

try {
  const reason = reasonForNoDeployment();
  if (reason !== undefined) {
    throw new UserError(`no machine can be deployed to here: it ${reason}`, 'run it as root on Debian');
  }
  progress(err, 'measuring: synthesis');
  const synths = await measureSynth(serviceCounts, repeats);
  const plans = await measurePlans(planCounts, (what) => progress(err, `measuring: ${what}`));
  progress(err, 'measuring: policy');
  const policy = await measurePolicy(policyServices, repeats);
  progress(err, 'measuring: review');
  const review = await measureReview(repeats);
  const applies = await measureApplies(repeats, (what) => progress(err, `measuring: ${what}`));
  progress(err, '');
  const rows = [
    ...synths.map(({ services, time }) => [`synthesis, ${services} services`, seconds(time)]),
    ...plans.map((plan) => [
      `terraform plan, ${plan.services} services`,
      `${plan.seconds.toFixed(1)} s, once`,
    ]),
    [`policy, ${policyServices} services`, seconds(policy)],
    ['hardening review, the example and a service more', seconds(review)],
    ['hardening deploy, a changed limit, to its end', seconds(applies.changed.whole)],
    ['  of it the upload and activation', seconds(applies.changed.provisioning)],
    ['  of it the activation', seconds(applies.changed.activation)],
    ['hardening deploy, the same release brought again', seconds(applies.same.whole)],
    ['  of it the activation', seconds(applies.same.activation)],
    ['a service is taken out: from the command to its first 401', seconds(applies.revocation.whole)],
    ['  from the reload to its first 401', seconds(applies.revocation.fromReload)],
    ['hardening deploy, nothing to do', seconds(applies.nothing)],
  ];
  process.stdout.write(`${columns(rows).join('\n')}\n`);
} catch (error) {
  progress(err, '');
  process.exitCode = showError(error);
}
