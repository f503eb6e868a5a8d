import type { Rule, RuleFinding } from '../rule.ts';
import type { Block } from '../stack.ts';
import { sshConnectionsOf } from '../terms/connections.ts';
import { leavesOf } from '../values.ts';

const isMissing = (values: Block, name: string): boolean =>
  leavesOf(values[name]).every(({ text }) => text === '');

/** Options of ssh(1), and of Ansible, that take any key. */
const unchecked =
  /\b(?:ANSIBLE_)?HOST_KEY_CHECKING["']?\s*[=:]\s*["']?(?:false|no|off|0|f|n)\b|StrictHostKeyChecking[\s=]+["']?(?:no|off|accept-new)\b|UserKnownHostsFile[\s=]+["']?\/dev\/null|ssh-keyscan\b[^\n]*>>?\s*\S*known_hosts/i;

function problemsOf(values: Block): string[] {
  return [
    ...(isMissing(values, 'host_key') ? ['a connection has no host_key'] : []),
    ...(!isMissing(values, 'bastion_host') && isMissing(values, 'bastion_host_key')
      ? ['a connection has no bastion_host_key']
      : []),
    ...(!isMissing(values, 'password') || !isMissing(values, 'bastion_password')
      ? ['a connection logs in with a password']
      : []),
  ];
}

export const sshConnectionWithoutHostKey: Rule = {
  id: 'ssh-connection-without-host-key',
  level: 'error',
  title: 'an SSH connection takes any host for the right one',
  why:
    'Terraform checks the host key only where the connection names one. Without it, whoever is in between gets the ' +
    'release, keys included, and a password on top.',
  check: (stack) => [
    ...sshConnectionsOf(stack).flatMap(({ resource, values }) =>
      problemsOf(values).map((problem): RuleFinding => ({
        resource: resource.address,
        problem,
        fix: 'set host_key to a key that was read on the machine or made by the stack, and use keys to log in',
      })),
    ),
    ...stack.resources.flatMap(({ address, provisioners }) =>
      provisioners.some(({ values }) =>
        // In an environment the name is the key.
        leavesOf(values).some(({ text, path }) => unchecked.test(`${path.at(-1) ?? ''}=${text ?? ''}`)),
      )
        ? [
            {
              resource: address,
              problem: 'a provisioner runs ssh without checking the host key',
              fix: 'write the host key into a known_hosts file of its own, and name that',
            },
          ]
        : [],
    ),
  ],
};
