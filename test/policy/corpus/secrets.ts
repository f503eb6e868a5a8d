import type { Block, CorpusCase } from '../support/corpus-case.ts';
import { encrypted, key, pem, token } from './parts.ts';

/** Secrets in outputs, provisioners, and written out. */
const output = 'secret-in-output';
const provisioner = 'secret-in-provisioner';
const written = 'secret-in-configuration';

const withKey = (top: Block): Block => ({
  terraform: encrypted,
  resource: { tls_private_key: { ci: key() } },
  variable: { secret: { sensitive: true }, api_token: {}, name: { default: 'x' } },
  ...top,
});
const out = (body: Block): Block => withKey({ output: { x: body } });
const ref = '${tls_private_key.ci.private_key_pem}';

const outputs: CorpusCase[] = (
  [
    ['a private key', { value: ref }, [output], 'printed after every apply'],
    ['a private key, sensitive', { value: ref, sensitive: true }, [], 'hidden'],
    ['a private key, sensitive false', { value: ref, sensitive: false }, [output], 'said to be none'],
    ['a private key in an object', { value: { ca: 'x', key: ref } }, [output], 'one value of it'],
    ['a private key in a list', { value: ['x', ref] }, [output], 'one item of it'],
    [
      'nonsensitive',
      { value: '${nonsensitive(tls_private_key.ci.private_key_pem)}' },
      [output],
      'terraform is told to be silent',
    ],
    [
      'the key in OpenSSH form',
      { value: '${tls_private_key.ci.private_key_openssh}' },
      [output],
      'the same key',
    ],
    ['the whole key resource', { value: '${tls_private_key.ci}' }, [output], 'the key is in it'],
    ['a public key', { value: '${tls_private_key.ci.public_key_pem}' }, [], 'no secret'],
    [
      'a checksum of the key',
      { value: '${sha256(tls_private_key.ci.private_key_pem)}' },
      [],
      'nobody gets back from it',
    ],
    ['a sensitive variable', { value: '${var.secret}' }, [output], 'it is marked'],
    ['a variable with a telling name', { value: '${var.api_token}' }, [output], 'a token'],
    ['another variable', { value: '${var.name}' }, [], 'no secret'],
    ['a key, written out', { value: pem() }, [output], 'printed, and in the repository'],
    ['a key, written out and sensitive', { value: pem(), sensitive: true }, [written], 'in the repository'],
  ] as const
).map(([name, body, finds, why]) => ({ name: `output: ${name}`, finds, why, stack: out(body) }));

const provisioned = (block: Block): Block =>
  withKey({
    resource: {
      tls_private_key: { ci: key() },
      terraform_data: {
        x: {
          connection: { type: 'ssh', host: '192.0.2.1', host_key: 'ssh-ed25519 AAAA' },
          provisioner: [block],
        },
      },
    },
  });
const remote = (inline: unknown): Block => ({ 'remote-exec': { inline } });
const local = (body: Block): Block => ({ 'local-exec': body });
const signing = "node '../../../bin/sign-crl.js'";
const request = (extra = ''): string =>
  `\${jsonencode({"machine" = {"port" = 22}, "authorities" = [{"name" = "1", "key" = tls_private_key.ci.private_key_pem}]${extra}})}`;

const provisioners: CorpusCase[] = (
  [
    ['a command', remote(['systemctl restart nginx']), [], 'no secret'],
    [
      'a key in remote-exec',
      remote(['cat >/k <<X', ref, 'X']),
      [provisioner],
      'the script is a file on the machine',
    ],
    ['a key as text in remote-exec', remote([`echo '${pem()}' >/k`]), [provisioner], 'written out'],
    [
      'a token as text in remote-exec',
      remote([`doctl auth init -t ${token.digitalOcean}`]),
      [provisioner],
      'written out, and an argument',
    ],
    [
      'a token in base64 in remote-exec',
      remote([`echo ${Buffer.from(`export T=${token.gitHub}`).toString('base64')} | base64 -d`]),
      [provisioner],
      'wrapped',
    ],
    ['a sensitive variable in remote-exec', remote(['login ${var.secret}']), [provisioner], 'an argument'],
    ['a key in local-exec', local({ command: `echo '${ref}'` }), [provisioner], 'an argument'],
    [
      'a checksum in local-exec',
      local({ command: 'echo ${sha256(tls_private_key.ci.private_key_pem)}' }),
      [],
      'nobody gets back from it',
    ],
    [
      'a key in the environment',
      local({ command: 'run', environment: { KEY: ref } }),
      [provisioner],
      "in terraform's log",
    ],
    [
      'a token in the environment, as text',
      local({ command: 'run', environment: { T: token.gitLab } }),
      [provisioner],
      'written out',
    ],
    [
      'a path in the environment',
      local({ command: 'run', environment: { KEY_FILE: '/run/key' } }),
      [],
      'where it is, not what',
    ],
    [
      'a file with a key',
      { file: { content: ref, destination: '/etc/hardening/k' } },
      [],
      'it goes over SSH, into a file',
    ],
    [
      'a file with a key, written out',
      { file: { content: pem(), destination: '/k' } },
      [provisioner],
      'in the repository',
    ],
    [
      'the step that signs CRLs',
      local({ command: signing, environment: { HARDENING_CRL_REQUEST: request() } }),
      [],
      "the kit's own, exactly",
    ],
    [
      'that step with a shell around it',
      local({ command: `sh -x -c "${signing}"`, environment: { HARDENING_CRL_REQUEST: request() } }),
      [provisioner],
      'another program',
    ],
    [
      'that step with another variable',
      local({ command: signing, environment: { KEY: request() } }),
      [provisioner],
      'another place',
    ],
    [
      'that step with the key elsewhere',
      local({
        command: signing,
        environment: { HARDENING_CRL_REQUEST: request(', "given" = tls_private_key.ci.private_key_pem') },
      }),
      [provisioner],
      'another place',
    ],
    [
      'that step with the key as an argument',
      local({ command: `${signing} '${ref}'`, environment: {} }),
      [provisioner],
      'in the list of processes',
    ],
  ] as const
).map(([name, block, finds, why]) => ({
  name: `provisioner: ${name}`,
  finds,
  why,
  stack: provisioned(block),
}));

const elsewhere: CorpusCase[] = (
  [
    [
      'a token of the provider',
      { provider: { digitalocean: [{ token: token.digitalOcean }] } },
      [written],
      'in the repository',
    ],
    [
      'any text as the token',
      { provider: { digitalocean: [{ token: 'abc' }] } },
      [written],
      'a token is nothing else',
    ],
    [
      'a token by a variable',
      { provider: { digitalocean: [{ token: '${var.secret}' }] } },
      [],
      'from outside',
    ],
    ['a provider without a token', { provider: { digitalocean: [{}] } }, [], 'from the environment'],
    [
      'a default of a sensitive variable',
      { variable: { secret: { sensitive: true, default: 'abc' } } },
      [written],
      'it is a secret, written out',
    ],
    [
      'an empty default of a sensitive variable',
      { variable: { secret: { sensitive: true, default: '' } } },
      [],
      'nothing',
    ],
    [
      'a token as the default of a variable',
      { variable: { t: { default: token.gitHub } } },
      [written],
      'told by its form',
    ],
    ['a default of another variable', { variable: { t: { default: 'fra1' } } }, [], 'no secret'],
  ] as const
).map(([name, top, finds, why]) => ({
  name,
  finds,
  why,
  stack: { resource: { digitalocean_vpc: { n: { name: 'n', region: 'fra1' } } }, ...top },
}));

const unplanned: CorpusCase[] = [
  {
    name: 'a key in a local',
    finds: [written],
    why: 'in the repository',
    inPlan: false,
    stack: { resource: {}, locals: { key: pem() } },
  },
  {
    name: 'a secret key of the backend',
    finds: [written],
    why: 'in the repository, and in .terraform',
    inPlan: false,
    stack: {
      resource: {},
      terraform: { backend: { s3: { bucket: 'b', key: 'k', encrypt: true, secret_key: 'abc' } } },
    },
  },
  {
    name: 'a backend with its key from the environment',
    finds: [],
    why: 'nothing written out',
    inPlan: false,
    stack: { resource: {}, terraform: { backend: { s3: { bucket: 'b', key: 'k', encrypt: true } } } },
  },
  {
    name: 'an output of a key by way of a local',
    finds: [output],
    why: 'a local is what it stands for',
    inPlan: false,
    stack: withKey({ locals: { bundle: { key: ref } }, output: { x: { value: '${local.bundle.key}' } } }),
  },
  {
    name: 'an output of a public part by way of a local',
    finds: [],
    why: 'the other part of it is public',
    inPlan: false,
    stack: withKey({
      locals: { bundle: { key: ref, name: 'ci' } },
      output: { x: { value: '${local.bundle.name}' } },
    }),
  },
  {
    name: 'a key in a file of the release',
    finds: [written],
    why: 'in cdktf.out, for everyone',
    inPlan: false,
    stack: { resource: {} },
    files: { 'assets/files-0/files/etc/hardening/tls/ca.key': pem() },
  },
  {
    name: 'a certificate in a file of the release',
    finds: [],
    why: 'no secret',
    inPlan: false,
    stack: { resource: {} },
    files: { 'assets/files-0/files/etc/hardening/tls/ca.crt': pem('CERTIFICATE') },
  },
];

export const secrets: readonly CorpusCase[] = [...outputs, ...provisioners, ...elsewhere, ...unplanned];
