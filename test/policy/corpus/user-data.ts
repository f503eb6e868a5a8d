import { generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Block, CorpusCase } from '../support/corpus-case.ts';
import { authority, booted, droplet, encrypted, hostKey, key, pem, pki, tagOf, token } from './parts.ts';

/** What is in user_data. */
const secret = 'secret-in-user-data';
const certificate = 'user-data-depends-on-certificate';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const gzip = (text: string): string => gzipSync(text).toString('base64');
const inLines = (text: string): string => text.replace(/.{1,60}/g, '$&\n');
const cloud = (text: string): string => `#cloud-config\n${text}`;
const withKeys = (keys: Block): Block => ({ tls_private_key: keys });
const state = { terraform: encrypted };

const jwk = (more: Block, first = false): string => {
  const coordinates = { kty: 'EC', crv: 'P-256', x: 'A1b2C3d4'.repeat(5), y: 'A1b2C3d4'.repeat(5) };
  return JSON.stringify(first ? { ...more, ...coordinates } : { ...coordinates, ...more });
};
/** Keys that are made for this run, and used for nothing. */
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const der = (type: 'pkcs8' | 'sec1'): string =>
  ec.privateKey.export({ format: 'der', type }).toString('base64');
const publicDer = (): string => ec.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey;
const rsa = (type: 'pkcs8' | 'pkcs1'): string => rsaKey.export({ format: 'der', type }).toString('base64');

/** The cloud-config that this kit writes, with other parts. */
const kit = (parts: string): string => `#cloud-config\n\${jsonencode({"disable_root" = true, ${parts}})}`;
const pinned =
  '"ssh_keys" = {"ed25519_private" = tls_private_key.host.private_key_openssh, "ed25519_public" = tls_private_key.host.public_key_openssh}';

const texts: readonly (readonly [name: string, userData: unknown, finds: readonly string[], why: string])[] =
  [
    ['nothing', '', [], 'no text'],
    ['packages', cloud('packages: [nginx]\n'), [], 'no secret'],
    [
      'a private key',
      cloud(`write_files:\n- path: /k\n  content: |\n    ${pem()}`),
      [secret],
      'a key in PEM',
    ],
    ['an RSA key', `#!/bin/sh\ncat >/k <<X\n${pem('RSA PRIVATE KEY')}X\n`, [secret], 'another kind of key'],
    ['an EC key', pem('EC PRIVATE KEY'), [secret], 'another kind of key'],
    ['an OpenSSH key', pem('OPENSSH PRIVATE KEY'), [secret], 'another kind of key'],
    ['an encrypted key', pem('ENCRYPTED PRIVATE KEY'), [secret], 'its passphrase is all that is left'],
    ['a PGP key', pem('PGP PRIVATE KEY BLOCK'), [secret], 'another kind of key'],
    [
      'a public key',
      cloud(`write_files:\n- path: /k\n  content: |\n    ${pem('PUBLIC KEY')}`),
      [],
      'no secret',
    ],
    [
      'a certificate',
      cloud(`write_files:\n- path: /k\n  content: |\n    ${pem('CERTIFICATE')}`),
      [],
      'no secret, and written out',
    ],
    ['an SSH public key', cloud(`ssh_authorized_keys:\n- ssh-ed25519 ${'A'.repeat(68)}\n`), [], 'no secret'],
    [
      'a token of DigitalOcean',
      `#!/bin/sh\nexport T=${token.digitalOcean}\n`,
      [secret],
      'it rules the account',
    ],
    ['the beginning of such a token', '#!/bin/sh\n# tokens begin with dop_v1_\n', [], 'a word about tokens'],
    ['a token of GitHub', `git clone https://x:${token.gitHub}@github.com/a/b`, [secret], 'in a URL'],
    ['a fine token of GitHub', `T=${token.gitHubFine}`, [secret], 'in a variable'],
    ['a token of GitLab', `T=${token.gitLab}`, [secret], 'in a variable'],
    ['an access key of AWS', `AWS_ACCESS_KEY_ID=${token.aws}`, [secret], 'in a variable'],
    ['a token of Slack', `curl -d token=${token.slack}`, [secret], 'in an argument'],
    ['a bearer token', 'curl -H "Authorization: Bearer abcdefghijklmnop0123456789"', [secret], 'in a header'],
    [
      'a bearer token from a file',
      'curl -H "Authorization: Bearer $(cat /run/token)"',
      [],
      'it is read on the machine',
    ],
    ['a bearer token of a variable', 'curl -H "Authorization: Bearer $TOKEN"', [], 'it is not there'],
    ['a password in a URL', 'curl https://ci:hunter2hunter2@example.com/x', [secret], 'in a URL'],
    ['a user in a URL', 'git clone ssh://git@example.com/x', [], 'no password'],
    ['a password in a URL from a variable', 'curl https://ci:$PASS@example.com/x', [], 'it is not there'],
    [
      'a password in clear',
      cloud('users:\n- name: ci\n  plain_text_passwd: hunter2hunter2\n'),
      [secret],
      'for a login',
    ],
    [
      'a key in base64',
      cloud(`write_files:\n- path: /k\n  encoding: b64\n  content: ${base64(pem())}\n`),
      [secret],
      'wrapped once',
    ],
    [
      'a key in base64 in lines',
      cloud(`write_files:\n- content: |\n    ${inLines(base64(pem()))}`),
      [secret],
      'wrapped and broken into lines',
    ],
    [
      'a key in base64 twice',
      cloud(`write_files:\n- content: ${base64(base64(pem()))}\n`),
      [secret],
      'wrapped twice',
    ],
    [
      'a key in gzip',
      cloud(`write_files:\n- encoding: gz+b64\n  content: ${gzip(pem())}\n`),
      [secret],
      'wrapped and pressed',
    ],
    ['everything in base64', base64(cloud(`x: ${token.gitHub}\n`)), [secret], 'user_data itself is wrapped'],
    [
      'everything in gzip',
      gzip(cloud(`x: ${token.digitalOcean}\n`)),
      [secret],
      'user_data itself is pressed',
    ],
    [
      'a public key in base64',
      cloud(`write_files:\n- content: ${base64(pem('PUBLIC KEY'))}\n`),
      [],
      'no secret',
    ],
    [
      'a script in base64',
      cloud(
        `write_files:\n- content: ${base64('#!/bin/sh\necho a line that is long enough to look at\n')}\n`,
      ),
      [],
      'no secret',
    ],
    [
      'a key by base64encode',
      `\${base64encode("${pem().replaceAll('\n', '\\n')}")}`,
      [secret],
      'wrapped by terraform',
    ],
    [
      'a key by base64gzip',
      `\${base64gzip("${pem().replaceAll('\n', '\\n')}")}`,
      [secret],
      'pressed by terraform',
    ],
    [
      'a JWK',
      `#!/bin/sh\necho '${jwk({ d: 'A1b2C3d4'.repeat(5) })}' >/k\n`,
      [secret],
      'd is the private part',
    ],
    [
      'a JWK in JSON',
      JSON.stringify({ key: jwk({ d: 'A1b2C3d4'.repeat(5) }) }),
      [secret],
      'quotes are escaped',
    ],
    ['a JWK with d first', jwk({ d: 'A1b2C3d4'.repeat(5) }, true), [secret], 'in another order'],
    ['a public JWK', jwk({}), [], 'no secret'],
    ['a PKCS#8 key in DER', `echo ${der('pkcs8')} | base64 -d >k`, [secret], 'without the lines of PEM'],
    ['an EC key in DER', `echo ${der('sec1')} | base64 -d >k`, [secret], 'another form of key'],
    ['an RSA key in DER', `echo ${rsa('pkcs1')} | base64 -d >k`, [secret], 'another form of key'],
    ['an RSA key in PKCS#8', `key: ${rsa('pkcs8')}`, [secret], 'another form of key'],
    ['a public key in DER', `echo ${publicDer()} | base64 -d >k`, [], 'no secret'],
    [
      'a key from a file',
      cloud('write_files:\n- path: /k\n  encoding: b64\n  content: ${filebase64("pki/ca.key")}\n'),
      [secret],
      'a file with a telling name',
    ],
    ['a script from a file', '${file("boot.sh")}', ['undecidable-value'], 'a file that is not looked at'],
    [
      'a checksum',
      `#!/bin/sh\necho ${'ab12'.repeat(16)} | sha256sum -c\n`,
      [],
      'a number that everyone knows',
    ],
  ];

const references: readonly (readonly [
  name: string,
  userData: string,
  finds: readonly string[],
  why: string,
])[] = [
  [
    'a reference to a key in PEM',
    '${tls_private_key.ci.private_key_pem}',
    [secret],
    'terraform writes it there',
  ],
  ['a reference in a text', 'key: ${tls_private_key.ci.private_key_pem}\n', [secret], 'among other words'],
  [
    'a reference in a function',
    '${indent(2, tls_private_key.ci.private_key_pem)}',
    [secret],
    'a function keeps it',
  ],
  [
    'a reference in base64encode',
    '${base64encode(tls_private_key.ci.private_key_pem)}',
    [secret],
    'wrapped by terraform',
  ],
  [
    'a reference in templatefile',
    '${templatefile("x.tpl", {key = tls_private_key.ci.private_key_pem})}',
    [secret, 'undecidable-value'],
    'a template gets it',
  ],
  [
    'a reference by brackets',
    '${tls_private_key.ci["private_key_pem"]}',
    [secret],
    'the same, written another way',
  ],
  ['the whole resource', '${jsonencode(tls_private_key.ci)}', [secret], 'the key is in it'],
  [
    'a choice with a key',
    '${var.x == "" ? "" : tls_private_key.ci.private_key_pem}',
    [secret],
    'it may be chosen',
  ],
  [
    'a list made with for',
    '${join(",", [for k in [tls_private_key.ci.private_key_pem] : k])}',
    [secret],
    'a loop keeps it',
  ],
  ['a public key', '${tls_private_key.ci.public_key_openssh}', [], 'no secret'],
  ['a checksum of a key', '${sha256(tls_private_key.ci.private_key_pem)}', [], 'nobody gets back from it'],
  ['a sensitive variable', 'token=${var.secret}', [secret], 'it is marked'],
  ['a variable with a telling name', 'token=${var.api_token}', [secret], 'it is not marked, and a token'],
  ['a path of a key', 'key=${var.ssh_private_key_path}', [], 'where a key is, not the key'],
  [
    'a password that terraform made',
    '${random_password.db.result}',
    [secret],
    'it is in the state, and here',
  ],
  [
    'the password of a database',
    '${digitalocean_database_cluster.db.password}',
    [secret],
    'the provider gives it',
  ],
  ['the host of a database', '${digitalocean_database_cluster.db.host}', [], 'no secret'],
  [
    'escaped, so that the machine reads it',
    '#!/bin/sh\necho $${tls_private_key.ci.private_key_pem}\n',
    [],
    'text for a shell',
  ],
  ['the pinned host key, as the kit writes it', kit(pinned), [], 'the one exception'],
  [
    "the pinned host key in a service's place",
    kit('"write_files" = [{"path" = "/k", "content" = tls_private_key.host.private_key_openssh}]'),
    [secret],
    'a file may be read by others',
  ],
  [
    'the pinned host key twice',
    kit(`${pinned}, "bootcmd" = [tls_private_key.host.private_key_openssh]`),
    [secret],
    'the second place is none',
  ],
  [
    'a key of another kind in its place',
    kit('"ssh_keys" = {"ed25519_private" = tls_private_key.ci.private_key_openssh}'),
    [secret],
    'it is no host key of ed25519',
  ],
  [
    'the key in PEM in its place',
    kit('"ssh_keys" = {"ed25519_private" = tls_private_key.host.private_key_pem}'),
    [secret],
    'not the form that sshd takes',
  ],
  [
    'a host key of RSA',
    kit('"ssh_keys" = {"rsa_private" = tls_private_key.host.private_key_openssh}'),
    [secret],
    'another place',
  ],
  [
    'the host key after words of another kind',
    `#!/bin/sh\n\${jsonencode({${pinned}})}`,
    [secret],
    'no cloud-config',
  ],
  ['the host key with words after it', `${kit(pinned)}\n# end`, [secret], 'not as the kit writes it'],
  [
    'the host key in YAML',
    cloud('ssh_keys:\n  ed25519_private: |\n    ${indent(4, tls_private_key.host.private_key_openssh)}'),
    [secret],
    'not as the kit writes it: what is around it cannot be read',
  ],
  [
    'a host key from a sensitive variable',
    kit('"ssh_keys" = {"ed25519_private" = var.secret}'),
    [],
    'as the kit writes it where no state is to have a key',
  ],
];

export const userData: readonly CorpusCase[] = [
  ...texts.map(([name, data, finds, why]) => ({ name, finds, why, stack: booted(data) })),
  ...references.map(([name, data, finds, why]) => ({
    name: `an expression: ${name}`,
    finds,
    why,
    stack: booted(data, withKeys({ ...hostKey, ci: key() }), {
      ...state,
      variable: { secret: { sensitive: true }, api_token: {}, x: {}, ssh_private_key_path: { default: '' } },
    }),
  })),
  {
    name: 'a key by way of a local',
    finds: [secret],
    why: 'a local is what it stands for',
    inPlan: false,
    stack: booted('${local.script}', withKeys({ ci: key() }), {
      ...state,
      locals: { script: 'x ${local.key}', key: '${tls_private_key.ci.private_key_pem}' },
    }),
  },
  {
    name: 'a key by way of cloudinit_config',
    finds: [secret],
    why: 'the data source gives what it gets',
    inPlan: false,
    stack: booted('${data.cloudinit_config.x.rendered}', withKeys({ ci: key() }), {
      ...state,
      data: {
        cloudinit_config: { x: { part: [{ content: 'key: ${tls_private_key.ci.private_key_pem}' }] } },
      },
    }),
  },
  {
    name: 'a script by way of cloudinit_config',
    finds: [],
    why: 'no secret in it',
    inPlan: false,
    stack: booted(
      '${data.cloudinit_config.x.rendered}',
      {},
      { data: { cloudinit_config: { x: { part: [{ content: 'packages: [nginx]' }] } } } },
    ),
  },
  {
    name: 'a host key that a certificate is for as well',
    finds: [secret],
    why: 'it is the key of a service too',
    stack: booted(
      kit(pinned),
      {
        ...withKeys(hostKey),
        tls_cert_request: {
          x: { private_key_pem: '${tls_private_key.host.private_key_pem}', subject: [{ common_name: 'x' }] },
        },
      },
      state,
    ),
  },
  {
    name: 'a key in the template of a pool',
    finds: [secret],
    why: 'its droplets get it',
    stack: {
      ...state,
      resource: {
        ...(booted('') as { resource: Block }).resource,
        tls_private_key: { ci: key() },
        digitalocean_droplet: {},
        digitalocean_droplet_autoscale: {
          pool: {
            depends_on: ['digitalocean_firewall.web'],
            droplet_template: [
              {
                ...droplet(),
                tags: [tagOf()],
                depends_on: undefined,
                user_data: '${tls_private_key.ci.private_key_pem}',
              },
            ],
          },
        },
      },
    },
  },
  ...(
    [
      ['a signed certificate', '${tls_locally_signed_cert.ci.cert_pem}', [certificate], 'it is renewed'],
      ['a CA', '${tls_self_signed_cert.ca.cert_pem}', [certificate], 'it is replaced one day'],
      ['a request', '${tls_cert_request.ci.cert_request_pem}', [certificate], 'it changes with its names'],
      [
        'the checksum of a certificate',
        '${sha256(tls_locally_signed_cert.ci.cert_pem)}',
        [certificate],
        'it changes as well',
      ],
      [
        "a certificate's key as text",
        'ca=/etc/ssl/ca.crt tls_locally_signed_cert.ci.cert_pem',
        [],
        'a word, no reference',
      ],
      ['a public key', '${tls_private_key.ci.public_key_pem}', [], 'a key is not renewed'],
    ] as const
  ).map(([name, data, finds, why]) => {
    const { resource } = pki() as { resource: Block };
    return { name: `user_data from ${name}`, finds, why, stack: booted(data, resource, state) };
  }),
  {
    name: 'user_data from a CA by way of a local',
    finds: [certificate],
    why: 'a local is what it stands for',
    inPlan: false,
    stack: booted(
      '${local.ca}',
      { tls_private_key: { ca: key() }, tls_self_signed_cert: { ca: authority } },
      { ...state, locals: { ca: '${tls_self_signed_cert.ca.cert_pem}' } },
    ),
  },
];
