import type { Rule } from '../rule.ts';
import { Unknown, type Block } from '../stack.ts';
import { hasSecretInState } from '../terms/secrets.ts';
import { blocksOf, isBlock, isTrue, leavesOf } from '../values.ts';

/** Backends whose service encrypts what it keeps, whatever the stack says. */
const encryptedByService = ['gcs', 'azurerm', 'remote', 'oss', 'cos'];

/** Whether OpenTofu encrypts the state: a state that is enforced or has a method which is not `unencrypted`. */
function isEncryptedByOpenTofu(terraform: Block): boolean {
  return blocksOf(terraform, 'encryption').some((encryption) =>
    blocksOf(encryption, 'state').some((state) => {
      const method = state['method'];
      const names = leavesOf(method instanceof Unknown ? method : (method ?? null));
      const isUnencrypted = names.some(({ text, reference }) =>
        /\bunencrypted\b/.test(text ?? reference ?? ''),
      );
      return !isUnencrypted && (isTrue(state['enforced']) || method !== undefined);
    }),
  );
}

function problemOf(terraform: Block): string | undefined {
  if (isEncryptedByOpenTofu(terraform) || terraform['cloud'] !== undefined) return undefined;
  const [backends] = blocksOf(terraform, 'backend');
  const [kind = 'local'] = Object.keys(backends ?? {});
  if (encryptedByService.includes(kind)) return undefined;
  if (kind === 's3') {
    const settings = backends?.[kind];
    const isEncrypted = isBlock(settings) && isTrue(settings['encrypt']);
    return isEncrypted ? undefined : 'the backend s3 does not ask for encryption';
  }
  return `the backend ${kind} writes the state as it is`;
}

export const unencryptedState: Rule = {
  id: 'unencrypted-state',
  level: 'error',
  title: 'private keys are in a state that nothing encrypts',
  why: "Terraform's state has every key that it made, in clear; whoever reads the file or a backup of it is every service, and the CA.",
  check: (stack) => {
    const problem = stack.terraform === undefined ? undefined : problemOf(stack.terraform);
    if (problem === undefined || !hasSecretInState(stack)) return [];
    return [
      {
        resource: 'terraform',
        problem,
        fix: 'use OpenTofu with an encryption block, or a bucket with encrypt = true and a key of your own',
      },
    ];
  },
};
