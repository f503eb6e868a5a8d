import { ExitCode, UserError } from './user-error.ts';

/** Wording of `hardening policy` and of what refuses a stack. */
export const policyText = {
  unreadable: (file: string, code: string) =>
    new UserError(`${file} could not be read (${code})`, 'give the path of a cdk.tf.json or of a plan'),
  noStacks: (folder: string) =>
    new UserError(
      `there is no stack in ${folder}`,
      'run `npm run synth` first, or give the files to look at',
    ),
  notJson: (file: string, problem: string) =>
    new UserError(
      `${file} is not JSON: ${problem}`,
      'give a cdk.tf.json, or what `terraform show -json PLAN` prints',
    ),
  duplicateKey: (file: string, path: string) =>
    new UserError(
      `${file} has the key ${path} twice: terraform takes both, and a reader of JSON the last alone`,
      'write blocks of one name as a list, and every other key once',
    ),
  neither: (file: string) =>
    new UserError(
      `${file} is neither terraform's JSON configuration nor a plan: it has no resource, data, module, output, ` +
        'provider or terraform, and no resource_changes',
      'give a cdk.tf.json, or what `terraform show -json PLAN` prints; a state is not looked at',
    ),
  badAcknowledgements: (file: string, problem: string) =>
    new UserError(
      `${file}: ${problem}`,
      'write a list of { "rule": "RULE", "resource": "TYPE.NAME", "reason": "why this is acceptable, and who decided it" }',
    ),
  badPort: (value: string) =>
    new UserError(`--model-port takes a TCP port, got '${value}'`, 'give a port from 1 to 65535'),
  failed: (message: string) => `the rule could not be judged: ${message}`,
  failedFix: 'this is a defect of the rule; report it with the stack, and do not deploy unread',
  unused: (rule: string) => `it is acknowledged for ${rule}, and nothing is found there`,
  unusedFix: 'remove the acknowledgement, so that it does not cover the next finding',
  clean: (stacks: number, rules: number) =>
    `${rules} rules hold for ${stacks === 1 ? 'the stack' : `${stacks} stacks`}\n`,
  acknowledged: (reason: string) => `acknowledged: ${reason}`,
  count: (errors: number, warnings: number, acknowledged: number) =>
    [
      `${errors} ${errors === 1 ? 'error' : 'errors'}`,
      `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
      ...(acknowledged === 0 ? [] : [`${acknowledged} acknowledged`]),
    ].join(', '),
  refused: (findings: readonly (readonly [stack: string, line: string])[]) =>
    new UserError(
      `the policy refuses what would be deployed:\n${findings.map(([stack, line]) => `  ${stack}: ${line}`).join('\n')}`,
      'mend each, or acknowledge it with a reason (docs/policy.md); nothing was written',
      ExitCode.attention,
    ),
};
