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

/** What is secret by the name of an attribute, an output or a file. */
const undecidable = 'undecidable-value';
const named: CorpusCase[] = (
  [
    ['module.keys.private_key_pem', [output], 'an output of a module'],
    ['module.my_keys.private_key_pem', [output], 'an output of a module with another name'],
    ['module.my_keys.bundle_of.ci.private_key', [output], 'in an output of a module'],
    ['module.keys.public_key_pem', [], 'no secret'],
    ['data.terraform_remote_state.pki.outputs.ca_private_key', [output], 'an output of another state'],
    ['data.terraform_remote_state.pki.outputs.ca_certificate', [], 'no secret'],
    ['data.vault_generic_secret.s.data["cert"]', [output], 'Vault gives secrets'],
    ['data.vault_kv_secret_v2.db.data["password"]', [output], 'Vault gives secrets'],
    ['data.vault_kv_secret_v2.db.version', [], 'about a secret'],
    ['data.aws_secretsmanager_secret_version.s.secret_string', [output], 'the secret itself'],
    ['data.aws_secretsmanager_secret_version.s.secret_id', [], 'the name of the secret'],
    ['data.aws_ssm_parameter.s.value', [output], 'it may be a SecureString'],
    ['acme_certificate.c.private_key_pem', [output], 'a key of another provider'],
    ['acme_certificate.c.certificate_pem', [], 'no secret'],
    ['cloud_app.a.client_secret', [output], 'by its name'],
    ['cloud_app.a.token_ttl', [], 'about a token'],
    ['cloud_app.a.password_rotation_days', [], 'about a password'],
    ['var.secret_region', [], 'about a secret'],
    ['var.db_password_hash', [], 'nobody gets back from it'],
    ['var.database.password', [output], 'an attribute of a variable'],
    ['cloud_app.a.private_key_path', [], 'where it is, not what'],
    ['cloud_app.token.id', [], 'the name of a resource is none of an attribute'],
    ['data.http.token.body', [], 'the name of a data source is none of an attribute'],
    ['file("pki/secrets/ca.key")', [output], 'a file with a telling name'],
    ['file("${path.module}/id_ed25519")', [output], 'a file with a telling name'],
    ['filebase64("server.p12")', [output], 'a file with a telling name'],
    ['file("id_ed25519.pub")', [undecidable], 'a file that is not looked at'],
    ['file("banner.txt")', [undecidable], 'a file that is not looked at'],
    ['filesha256("ca.key")', [], 'nobody gets back from it'],
    [
      'templatefile("x.tftpl", { key = tls_private_key.ci.private_key_pem })',
      [output, undecidable],
      'a template',
    ],
    ['local.list[*].k', [output], 'an attribute of each item of a local'],
    ['local.list[0].name', [], 'another attribute of it'],
    ['[for k in tls_private_key.ci : k.private_key_pem]', [output], 'each of a list'],
  ] as const
).map(([value, finds, why]) => ({
  name: `output of ${value}`,
  finds,
  why,
  inPlan: false,
  stack: withKey({
    locals: { list: [{ name: 'ci', k: '${nonsensitive(tls_private_key.ci.private_key_pem)}' }] },
    variable: { secret_region: {}, db_password_hash: {}, database: {} },
    output: { x: { value: `\${nonsensitive(${value})}` } },
  }),
}));

const certificateKey = (body: Block): Block => ({
  terraform: encrypted,
  resource: { tls_private_key: { ci: key() }, ...body },
  variable: { secret: { sensitive: true } },
});
const own: CorpusCase[] = (
  [
    [
      'self.input, which holds a key',
      { terraform_data: { x: { input: ref, provisioner: [local({ command: "echo '${self.input}'" })] } } },
      [provisioner],
    ],
    [
      'self.output, which holds a key',
      { terraform_data: { x: { input: ref, provisioner: [local({ command: "echo '${self.output}'" })] } } },
      [provisioner],
    ],
    [
      'self.input.host beside a key',
      {
        terraform_data: {
          x: { input: { host: 'a', key: ref }, provisioner: [local({ command: 'ping ${self.input.host}' })] },
        },
      },
      [],
    ],
    [
      'self.triggers of a key',
      {
        null_resource: {
          x: {
            triggers: { k: ref },
            provisioner: [local({ when: 'destroy', command: 'curl -d ${self.triggers.k} x' })],
          },
        },
      },
      [provisioner],
    ],
    [
      'self.private_key_pem',
      {
        tls_private_key: {
          ci: { ...key(), provisioner: [local({ command: 'echo ${self.private_key_pem}' })] },
        },
      },
      [provisioner],
    ],
    [
      'self.id',
      { tls_private_key: { ci: { ...key(), provisioner: [local({ command: 'echo ${self.id}' })] } } },
      [],
    ],
  ] as const
).map(([name, body, finds]) => ({
  name: `provisioner with ${name}`,
  finds,
  why: 'self is the resource that the provisioner is of',
  stack: certificateKey(body),
}));

const each: CorpusCase[] = (
  [
    [{ a: ref }, '${each.value}', [provisioner]],
    [{ a: ref }, '${each.key}', []],
    ['${tls_private_key.ci}', '${each.value.private_key_pem}', [provisioner]],
    ['${tls_private_key.ci}', '${each.value.public_key_pem}', []],
    ['${toset([var.secret])}', '${each.value}', [provisioner]],
  ] as const
).map(([list, command, finds]) => ({
  name: `provisioner with ${command} of ${JSON.stringify(list)}`,
  finds,
  why: 'each is an item of the list',
  inPlan: false,
  stack: certificateKey({
    terraform_data: { x: { for_each: list, provisioner: [local({ command: `echo '${command}'` })] } },
  }),
}));

const signed = (path: string, finds: readonly string[], why: string): CorpusCase => ({
  name: `the step that signs CRLs by ${path}`,
  finds,
  why,
  stack: provisioned(local({ command: `node '${path}'`, environment: { HARDENING_CRL_REQUEST: request() } })),
});
const otherPrograms: CorpusCase[] = [
  signed('../../../node_modules/review-hardening-kit/bin/sign-crl.js', [], 'the kit as a dependency'),
  signed('/tmp/elsewhere/bin/sign-crl.js', [provisioner], 'another program of that name'),
  signed('../../../scripts/bin/sign-crl.js', [provisioner], 'another program of that name'),
  signed('bin/sign-crl.js', [provisioner], 'another program, in the folder of the stack'),
];

const inFile: CorpusCase[] = (
  [
    ['a key from a file in remote-exec', remote(['cat >/k <<X\n${file("ca.key")}\nX']), [provisioner]],
    ['a key from a file in local-exec', local({ command: `echo '\${filebase64("ca.key")}'` }), [provisioner]],
    ['a script from a file', remote(['${file("install.sh")}']), [undecidable]],
    ['a file with a key from a file', { file: { content: '${file("ca.key")}', destination: '/k' } }, []],
    [
      'a token of Vault',
      local({ command: 'login ${data.vault_kv_secret_v2.x.data["token"]}' }),
      [provisioner],
    ],
  ] as const
).map(([name, block, finds]) => ({
  name: `provisioner: ${name}`,
  finds,
  why: 'what is in the file is in the script',
  stack: provisioned(block),
}));

const withoutResource = (name: string, top: Block, finds: readonly string[], why: string): CorpusCase => ({
  name,
  finds,
  why,
  inPlan: false,
  stack: { resource: {}, ...top },
});
const connected = (connection: Block): Block => ({
  resource: {
    terraform_data: {
      x: {
        connection: { type: 'ssh', host: '192.0.2.1', host_key: 'ssh-ed25519 AAAA', ...connection },
        provisioner: [remote(['true'])],
      },
    },
  },
});
const passphrase = (value: string): Block => ({
  terraform: {
    encryption: {
      key_provider: { pbkdf2: { k: { passphrase: value } } },
      method: { aes_gcm: { m: { keys: '${key_provider.pbkdf2.k}' } } },
      state: { method: '${method.aes_gcm.m}', enforced: true },
    },
  },
  variable: { secret: { sensitive: true } },
});
const s3 = (more: Block): Block => ({
  terraform: { backend: { s3: { bucket: 'b', key: 'k', encrypt: true, ...more } } },
});
const literal: CorpusCase[] = [
  withoutResource('a key in a connection', connected({ private_key: pem() }), [written], 'in the repository'),
  withoutResource(
    'a key from a file in a connection',
    connected({ private_key: '${file("~/.ssh/id")}' }),
    [],
    'outside',
  ),
  withoutResource(
    'a key for a module',
    { module: { m: { source: './m', key: pem() } } },
    [written],
    'in the repository',
  ),
  withoutResource(
    'a password for a module',
    { module: { m: { source: './m', db_password: 'abcd' } } },
    [written],
    'in the repository',
  ),
  withoutResource(
    'a name of a secret for a module',
    { module: { m: { source: './m', secret: 'app/db' } } },
    [],
    'a name',
  ),
  withoutResource(
    'a key of the customer for a backend',
    s3({ sse_customer_key: 'A'.repeat(43) + '=' }),
    [written],
    'in the repository',
  ),
  withoutResource('a key of KMS for a backend', s3({ kms_key_id: 'alias/x' }), [], 'a name'),
  withoutResource(
    'a password of a backend',
    { terraform: { backend: { http: { password: 'abc' } } } },
    [written],
    'in the repository',
  ),
  withoutResource(
    'a passphrase of the encryption',
    passphrase('correct horse battery staple'),
    [written],
    'in the repository',
  ),
  withoutResource('a passphrase from a variable', passphrase('${var.secret}'), [], 'from outside'),
  withoutResource(
    'an API token of a provider',
    { provider: { cloudflare: [{ api_token: 'v1.0-abcdef' }] } },
    [written],
    'in the repository',
  ),
  withoutResource('a switch of a provider', { provider: { x: [{ use_token: true }] } }, [], 'no token'),
];

export const secrets: readonly CorpusCase[] = [
  ...outputs,
  ...provisioners,
  ...elsewhere,
  ...unplanned,
  ...named,
  ...own,
  ...each,
  ...otherPrograms,
  ...inFile,
  ...literal,
];
