import type { Block, CorpusCase } from '../support/corpus-case.ts';
import { key } from './parts.ts';

/** Where the state is, and how terraform logs in. A plan shows neither. */
const open = 'unencrypted-state';
const unchecked = 'ssh-connection-without-host-key';

const kept = (terraform: unknown, resource: Block = { tls_private_key: { x: key() } }): Block => ({
  terraform,
  resource,
});
const s3 = (more: Block): Block => ({
  backend: { s3: { bucket: 'b', key: 'k', region: 'us-east-1', ...more } },
});
const method = (name: string): Block => ({ encryption: { state: { method: `\${method.${name}.main}` } } });

const states: CorpusCase[] = (
  [
    ['no backend', undefined, [open], 'a file beside the stack'],
    ['local', { backend: { local: { path: 'x' } } }, [open], 'a file'],
    ['local in lists', [{ backend: [{ local: [{ path: 'x' }] }] }], [open], 'the same, written another way'],
    ['s3 with encryption', s3({ encrypt: true }), [], 'the bucket encrypts'],
    ['s3 without', s3({}), [open], 'nothing asks for encryption'],
    ['s3 with encrypt false', s3({ encrypt: false }), [open], 'said to be none'],
    ['http', { backend: { http: { address: 'https://x' } } }, [open], 'as it is'],
    ['pg', { backend: { pg: {} } }, [open], 'as it is'],
    ['gcs', { backend: { gcs: { bucket: 'b' } } }, [], 'the service encrypts'],
    ['azurerm', { backend: { azurerm: {} } }, [], 'the service encrypts'],
    ['HCP terraform', { cloud: [{ organization: 'x' }] }, [], 'the service encrypts'],
    [
      'local, encrypted by OpenTofu',
      { backend: { local: {} }, encryption: { state: { enforced: true } } },
      [],
      'OpenTofu refuses to write it in clear',
    ],
    ['local, with a method of OpenTofu', { backend: { local: {} }, ...method('aes_gcm') }, [], 'encrypted'],
    [
      'local, with the method unencrypted',
      { backend: { local: {} }, ...method('unencrypted') },
      [open],
      'the method is none',
    ],
    [
      'local, unencrypted and enforced',
      {
        backend: { local: {} },
        encryption: { state: { enforced: true, method: '${method.unencrypted.x}' } },
      },
      [open],
      'the method is none',
    ],
    [
      'local, plans alone encrypted',
      { backend: { local: {} }, encryption: { plan: { enforced: true } } },
      [open],
      'the state is not',
    ],
    [
      'local, enforced false',
      { backend: { local: {} }, encryption: { state: { enforced: false } } },
      [open],
      'said to be none',
    ],
  ] as const
).map(([name, terraform, finds, why]) => ({
  name: `state: ${name}`,
  finds,
  why,
  stack: kept(terraform),
  inPlan: false,
}));

const without: CorpusCase[] = [
  {
    name: 'state: a file without a secret in it',
    finds: [],
    why: 'nothing to hide',
    inPlan: false,
    stack: kept(undefined, { digitalocean_tag: { x: { name: 'x' } } }),
  },
  {
    name: 'state: a file with a password',
    finds: [open],
    why: 'terraform made it',
    inPlan: false,
    stack: kept(undefined, { random_password: { x: { length: 20 } } }),
  },
  {
    name: 'state: a file with a sensitive variable in a resource',
    finds: [open],
    why: 'arguments are in the state',
    inPlan: false,
    stack: {
      resource: { terraform_data: { x: { input: '${var.s}' } } },
      variable: { s: { sensitive: true } },
    },
  },
  {
    name: 'state: a file with the id of a key alone',
    finds: [],
    why: 'a key that the account has already',
    inPlan: false,
    stack: { resource: { digitalocean_ssh_key: { x: { name: 'x', public_key: 'ssh-ed25519 AAAA' } } } },
  },
];

const pinned = { type: 'ssh', host: '192.0.2.1', user: 'root', host_key: 'ssh-ed25519 AAAA' };
const reached = (
  connection: unknown,
  provisioner: unknown = { 'remote-exec': { inline: ['true'] } },
): Block => ({
  resource: { terraform_data: { x: { connection, provisioner: [provisioner] } } },
});

const connections: CorpusCase[] = (
  [
    ['pinned', reached(pinned), [], 'the key is named'],
    ['without a host key', reached({ ...pinned, host_key: undefined }), [unchecked], 'any host'],
    ['with an empty host key', reached({ ...pinned, host_key: '' }), [unchecked], 'any host'],
    ['with a host key of null', reached({ ...pinned, host_key: null }), [unchecked], 'any host'],
    ['without a type', reached({ host: '192.0.2.1' }), [unchecked], 'ssh is the default'],
    [
      'with a host key that the stack makes',
      reached({ ...pinned, host_key: '${trimspace(digitalocean_ssh_key.h.public_key)}' }),
      [],
      'known before',
    ],
    ['with a password', reached({ ...pinned, password: '${var.p}' }), [unchecked], 'whoever answers gets it'],
    [
      'through a bastion without a key',
      reached({ ...pinned, bastion_host: '192.0.2.2' }),
      [unchecked],
      'the first host is any',
    ],
    [
      'through a bastion with a key',
      reached({ ...pinned, bastion_host: '192.0.2.2', bastion_host_key: 'ssh-ed25519 BBBB' }),
      [],
      'both are named',
    ],
    ['winrm', reached({ type: 'winrm', host: '192.0.2.1' }), [], 'no SSH'],
    [
      'nobody uses',
      reached({ host: '192.0.2.1' }, { 'local-exec': { command: 'true' } }),
      [],
      'a local program takes no connection',
    ],
    [
      "a provisioner's own, without a key",
      reached(pinned, { 'remote-exec': { inline: ['true'], connection: { host: '192.0.2.1' } } }),
      [unchecked],
      'it is the one that counts',
    ],
    [
      "a provisioner's own, with a key",
      reached(undefined, { file: { content: 'x', destination: '/x', connection: pinned } }),
      [],
      'it is the one that counts',
    ],
    [
      'ssh that checks nothing',
      reached(undefined, {
        'local-exec': { command: 'ssh -o StrictHostKeyChecking=no root@192.0.2.1 true' },
      }),
      [unchecked],
      'any host',
    ],
    [
      'ssh that forgets',
      reached(undefined, {
        'local-exec': { command: 'scp -o UserKnownHostsFile=/dev/null x root@192.0.2.1:' },
      }),
      [unchecked],
      'any host',
    ],
    [
      'ssh that takes the first',
      reached(undefined, {
        'local-exec': { command: 'ssh -o StrictHostKeyChecking=accept-new root@h true' },
      }),
      [unchecked],
      'any host, once',
    ],
    [
      'ssh-keyscan',
      reached(undefined, {
        'local-exec': { command: 'ssh-keyscan h >> ~/.ssh/known_hosts && ssh root@h true' },
      }),
      [unchecked],
      'it asks the host itself who it is',
    ],
    [
      'Ansible that checks nothing, by its environment',
      reached(undefined, {
        'local-exec': { command: 'ansible-playbook x', environment: { ANSIBLE_HOST_KEY_CHECKING: 'False' } },
      }),
      [unchecked],
      'any host',
    ],
    [
      'Ansible that checks nothing, in its command',
      reached(undefined, { 'local-exec': { command: 'ANSIBLE_HOST_KEY_CHECKING=0 ansible-playbook x' } }),
      [unchecked],
      'any host',
    ],
    [
      'Ansible that checks nothing, in its file',
      reached(undefined, {
        'local-exec': { command: 'printf "[defaults]\nhost_key_checking = false\n" >ansible.cfg' },
      }),
      [unchecked],
      'any host',
    ],
    [
      'Ansible that checks',
      reached(undefined, {
        'local-exec': { command: 'ansible-playbook x', environment: { ANSIBLE_HOST_KEY_CHECKING: 'True' } },
      }),
      [],
      'as it does by itself',
    ],
    [
      'ssh that checks',
      reached(undefined, {
        'local-exec': {
          command: 'ssh -o StrictHostKeyChecking=yes -o UserKnownHostsFile=./hosts root@h true',
        },
      }),
      [],
      'the key is named',
    ],
  ] as const
).map(([name, stack, finds, why]) => ({ name: `a connection ${name}`, finds, why, stack, inPlan: false }));

export const state: readonly CorpusCase[] = [...states, ...without, ...connections];
