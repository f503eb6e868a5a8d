import type { Stack, Value } from '../stack.ts';
import { addressOf, leavesOf, withoutIndexes, type Leaf } from '../values.ts';
import { readFileOf, isSecretFile } from './read-files.ts';
import { isSecretReference, secretAttributes } from './secret-references.ts';
import { secretsIn } from './secret-texts.ts';

/** Whether the state has a secret. Of a droplet's user_data it has a checksum alone. */
export function hasSecretInState(stack: Stack): boolean {
  return stack.resources.some(({ type, isData, values }) => {
    if (isData) return false;
    if (type in secretAttributes) return true;
    const { user_data: userData, ...others } = values;
    return leavesOf(
      type === 'digitalocean_droplet' ? others : { ...others, user_data: userData ?? null },
    ).some(({ reference }) => reference !== undefined && isSecretReference(stack, reference));
  });
}

/** A secret in a value, and how it got there. */
export interface SecretLeaf extends Leaf {
  /** What it is, in words. */
  readonly words: string;
}

/** Secrets in a value: texts and references. */
export function secretLeaves(stack: Stack, value: Value | undefined): SecretLeaf[] {
  return leavesOf(value).flatMap((leaf): SecretLeaf[] => {
    const file = readFileOf(leaf);
    if (file !== undefined) return isSecretFile(file) ? [{ ...leaf, words: `the file ${file}` }] : [];
    if (leaf.text !== undefined) return secretsIn(leaf.text).map((words) => ({ ...leaf, words }));
    if (leaf.reference !== undefined) {
      return isSecretReference(stack, leaf.reference) ? [{ ...leaf, words: leaf.reference }] : [];
    }
    return [{ ...leaf, words: 'what the plan marks as sensitive' }];
  });
}

/** The key pair of an SSH host: ed25519, in OpenSSH's form, and no certificate is for it. */
export function isHostKeyReference(stack: Stack, reference: string | undefined): boolean {
  if (reference === undefined) return false;
  const address = addressOf(reference);
  const key = stack.resources.find((one) => withoutIndexes(one.address) === address);
  return (
    key?.type === 'tls_private_key' &&
    reference === `${address}.private_key_openssh` &&
    key.values['algorithm'] === 'ED25519' &&
    !stack.resources.some(
      ({ type, dependencies }) => /^tls_.*cert/.test(type) && dependencies.includes(address),
    )
  );
}
