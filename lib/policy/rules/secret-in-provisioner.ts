import { relative } from 'node:path';
import { signProgram } from '../../deploy/sign-program.ts';
import type { Rule } from '../rule.ts';
import { Unknown, type Provisioner, type Resource, type Stack, type Value } from '../stack.ts';
import { secretLeaves, type SecretLeaf } from '../terms/secrets.ts';
import { readFileOf } from '../terms/read-files.ts';
import { textOf } from '../values.ts';

/** Where a provisioner's text may hold a secret, by its type. `content` goes over SSH: a reference is fine there. */
const places = {
  'local-exec': ['command', 'environment', 'interpreter', 'working_dir'],
  'remote-exec': ['inline', 'script', 'scripts'],
  file: ['content', 'destination', 'source'],
} as const;

const signCommand = /^node '([^']+)'$/;
/** Where the kit is from a stack's folder, on another computer or in another checkout: around it, or installed. */
const usualPlace = /^(?:\.\.\/)+(?:(?:[^/]+\/)*node_modules\/review-hardening-kit\/)?bin\/sign-crl\.js$/;

function runsSignProgram(stack: Stack, command: string): boolean {
  const path = signCommand.exec(command)?.[1];
  if (path === undefined) return false;
  return (
    usualPlace.test(path) || (stack.folder !== undefined && relative(stack.folder, signProgram) === path)
  );
}

/**
 * This kit's own step that signs CRLs: the CA's key is handed over in the one environment variable of that program,
 * which no other user can read (proc_pid_environ(5)), and stands nowhere else.
 */
function isCrlSigning(stack: Stack, provisioner: Provisioner, leaf: SecretLeaf): boolean {
  const { type, values } = provisioner;
  const environment = values['environment'];
  if (type !== 'local-exec' || !runsSignProgram(stack, textOf(values['command']) ?? '')) return false;
  if (leaf.reference?.startsWith('tls_private_key.') !== true) return false;
  if (!leaf.reference.endsWith('.private_key_pem')) return false;
  // Of HCL a plan does not say which variable of the environment it is.
  if (stack.form === 'plan' && environment instanceof Unknown) return environment.parts.length === 0;
  return leaf.path.join('.') === 'environment.HARDENING_CRL_REQUEST.jsonencode().authorities.key';
}

function secretsOf(stack: Stack, resource: Resource): { readonly type: string; readonly words: string }[] {
  return resource.provisioners.flatMap((provisioner) => {
    const names = (places as Readonly<Record<string, readonly string[]>>)[provisioner.type] ?? [];
    const values: Record<string, Value> = {};
    for (const name of names) {
      const value = provisioner.values[name];
      if (value !== undefined) values[name] = value;
    }
    return secretLeaves(stack, values)
      .filter((leaf) => !isCrlSigning(stack, provisioner, leaf))
      .filter(
        (leaf) =>
          !(leaf.path[0] === 'content' && (leaf.reference !== undefined || readFileOf(leaf) !== undefined)),
      )
      .map(({ words, path }) => ({ type: `${provisioner.type}, ${path[0] ?? ''}`, words }));
  });
}

export const secretInProvisioner: Rule = {
  id: 'secret-in-provisioner',
  level: 'error',
  title: "a provisioner's text or environment has a secret in it",
  why:
    'Arguments are in the list of processes, scripts of remote-exec stay on the disk where they fail, and both are ' +
    "in terraform's log. A file provisioner's content goes over SSH and into a file instead.",
  check: (stack) =>
    stack.resources.flatMap((resource) =>
      secretsOf(stack, resource).map(({ type, words }) => ({
        resource: resource.address,
        problem: `a provisioner (${type}) has ${words}`,
        fix: 'bring it with a file provisioner into a folder of mode 0700',
      })),
    ),
};
