import type { Rule } from '../rule.ts';
import { Unknown, type Stack, type Value } from '../stack.ts';
import { userDataOf } from '../terms/user-data.ts';
import { leavesOf } from '../values.ts';
import { isHostKeyReference, secretLeaves, type SecretLeaf } from '../terms/secrets.ts';

/** The variable that this kit's stacks take a host key from which no state is to have. */
const hostKeyVariable = 'var.ssh_host_private_key';

/**
 * The one secret that may be there: an SSH host key at `ssh_keys.ed25519_private` of a cloud-config that is written
 * with jsonencode. A machine cannot be recognised at its first login without it.
 */
function isPinnedHostKey(stack: Stack, userData: Value | undefined, leaf: SecretLeaf): boolean {
  if (!(userData instanceof Unknown)) return false;
  const isHostKey = isHostKeyReference(stack, leaf.reference);
  // Of HCL a plan has the references alone, not the place that each is in.
  if (stack.form === 'plan' && userData.parts.length === 0)
    return isHostKey || leaf.reference === hostKeyVariable;
  const [head, ...rest] = userData.parts;
  const isSensitiveVariable = stack.variables.some(
    ({ name, isSensitive }) => isSensitive && leaf.reference === `var.${name}`,
  );
  return (
    (isHostKey || isSensitiveVariable) &&
    head === '#cloud-config\n' &&
    rest.length === 1 &&
    leaf.path.join('.') === 'jsonencode().ssh_keys.ed25519_private'
  );
}

/** A plan says that the whole is sensitive, which the host key explains alone if nothing is hidden behind a local. */
function isExplained(stack: Stack, userData: Value | undefined, leaves: readonly SecretLeaf[]): boolean {
  return (
    leaves.some((leaf) => isPinnedHostKey(stack, userData, leaf)) &&
    leavesOf(userData).every(({ reference }) => reference?.startsWith('local.') !== true)
  );
}

export const secretInUserData: Rule = {
  id: 'secret-in-user-data',
  level: 'error',
  title: 'user_data has a key or a token in it',
  why:
    'Every process of the droplet can read user_data at 169.254.169.254, for as long as the droplet lives, and it ' +
    'cannot be changed without a new droplet.',
  check: (stack) =>
    userDataOf(stack).flatMap(({ resource, value: userData }) => {
      const leaves = secretLeaves(stack, userData);
      const kinds = leaves
        .filter((leaf) => !isPinnedHostKey(stack, userData, leaf))
        .filter((leaf) => leaf.isSensitive !== true || !isExplained(stack, userData, leaves))
        .map(({ words }) => words);
      return [...new Set(kinds)].map((words) => ({
        resource: resource.address,
        problem: `user_data has ${words}`,
        fix: 'bring it over SSH after the first boot, with a pinned host key, into a file that only its user can read',
      }));
    }),
};
