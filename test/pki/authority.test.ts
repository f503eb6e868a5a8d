import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  canIssueFor,
  createAuthority,
  issueClient,
  issueServer,
  type Authority,
} from '../../lib/pki/authority.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { readFileSync } from 'node:fs';
import { certificateText, openssl } from './support/openssl.ts';
import { temporaryFiles, temporaryFolder } from './support/temporary-folder.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = new Date();
const identity = { stack: 'prod', service: 'ci', generation: 1 };
const authority = await createAuthority({
  commonName: 'Test CA',
  organization: 'prod',
  lifetimeDays: 400,
  now,
});
const caPem = authority.certificate.toString();
const leafKey = await generateKey();
const client = (issuer: Authority = authority, lifetimeDays = 90, at = now): Promise<string> =>
  issueClient(issuer, { identity, lifetimeDays, now: at, publicKey: leafKey });
const server = (change: Partial<Parameters<typeof issueServer>[1]> = {}): Promise<string> =>
  issueServer(authority, {
    serverNames: ['gateway.example.test', 'localhost'],
    addresses: ['127.0.0.1', '::1'],
    organization: 'prod',
    lifetimeDays: 90,
    now,
    publicKey: leafKey,
    ...change,
  });

/** What `openssl verify` says about a leaf, with certificates that came along but are not trusted. */
function verify(
  leaf: string,
  purpose: 'sslclient' | 'sslserver',
  extra: { ca?: string; untrusted?: string } = {},
) {
  const paths = temporaryFiles({ ca: extra.ca ?? caPem, leaf, untrusted: extra.untrusted ?? caPem });
  const { status, stderr } = openssl([
    'verify',
    '-x509_strict',
    '-purpose',
    purpose,
    '-CAfile',
    paths.ca,
    '-untrusted',
    paths.untrusted,
    paths.leaf,
  ]);
  return { accepted: status === 0, reason: /error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] };
}

describe('openssl verify, strictly by RFC 5280', () => {
  test('accepts the client certificate as a client, and refuses it as a server', async () => {
    const pem = await client();
    expect(verify(pem, 'sslclient')).toEqual({ accepted: true, reason: undefined });
    expect(verify(pem, 'sslserver')).toEqual({ accepted: false, reason: 'unsuitable certificate purpose' });
  });

  test('accepts the server certificate as a server, and refuses it as a client', async () => {
    const pem = await server();
    expect(verify(pem, 'sslserver')).toEqual({ accepted: true, reason: undefined });
    expect(verify(pem, 'sslclient')).toEqual({ accepted: false, reason: 'unsuitable certificate purpose' });
  });

  test('refuses what another CA of the same name issued', async () => {
    const other = await createAuthority({
      commonName: 'Test CA',
      organization: 'prod',
      lifetimeDays: 400,
      now,
    });
    expect(verify(await client(other), 'sslclient').accepted).toBe(false);
  });

  test.each([
    [
      'an intermediate CA that openssl made with our CA key',
      'authority',
      'CA:TRUE',
      'path length constraint exceeded',
    ],
    ['a client certificate', 'client', 'CA:FALSE', 'invalid CA certificate'],
  ] as const)('refuses what was issued by %s', async (_name, issuerKind, basicConstraints, reason) => {
    const holderKey = await generateKey();
    const folder = temporaryFolder();
    const files = temporaryFiles({
      'ca.crt': caPem,
      'ca.key': privateKeyPem(authority.key),
      'holder.key': privateKeyPem(holderKey),
      'leaf.key': privateKeyPem(leafKey),
      'holder.cnf': `basicConstraints=critical,${basicConstraints}\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n`,
      'leaf.cnf':
        'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n',
    });
    /** Has openssl issue a certificate. */
    const issue = (
      subject: string,
      key: string,
      issuer: string,
      issuerKey: string,
      extensions: string,
    ): string => {
      const request = openssl(['req', '-new', '-key', key, '-subj', subject]);
      expect(request.status).toBe(0);
      const path = join(folder, `${subject.replaceAll('/', '_')}.crt`);
      const result = openssl(
        [
          'x509',
          '-req',
          '-CA',
          issuer,
          '-CAkey',
          issuerKey,
          '-days',
          '2',
          '-extfile',
          extensions,
          '-out',
          path,
          '-CAcreateserial',
          '-CAserial',
          `${path}.srl`,
        ],
        request.stdout,
      );
      expect(result.status, result.stderr).toBe(0);
      return path;
    };
    const holder =
      issuerKind === 'authority'
        ? readFileSync(
            issue(
              '/O=prod/CN=Intermediate',
              files['holder.key'],
              files['ca.crt'],
              files['ca.key'],
              files['holder.cnf'],
            ),
            'utf8',
          )
        : await issueClient(authority, {
            identity: { ...identity, service: 'intruder' },
            lifetimeDays: 1,
            now,
            publicKey: holderKey,
          });
    const { holder: holderPath } = temporaryFiles({ holder });
    const leaf = readFileSync(
      issue(
        '/O=prod/CN=ci/serialNumber=1',
        files['leaf.key'],
        holderPath,
        files['holder.key'],
        files['leaf.cnf'],
      ),
      'utf8',
    );
    const paths = temporaryFiles({ leaf, holder });
    const result = openssl([
      'verify',
      '-purpose',
      'sslclient',
      '-CAfile',
      files['ca.crt'],
      '-untrusted',
      paths.holder,
      paths.leaf,
    ]);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain(reason);
  });
});

describe('openssl x509 -text', () => {
  const common = [
    'Signature Algorithm: ecdsa-with-SHA256',
    'ASN1 OID: prime256v1',
    'Version: 3',
    'X509v3 Subject Key Identifier:',
  ];

  test('of the CA: pathlen:0, critical, for certificates and CRLs alone', () => {
    const text = certificateText(caPem);
    for (const part of common) expect(text).toContain(part);
    expect(text).toContain('X509v3 Basic Constraints: critical CA:TRUE, pathlen:0 X509v3');
    expect(text).toContain('X509v3 Key Usage: critical Certificate Sign, CRL Sign X509v3');
    expect(text).not.toContain('Extended Key Usage');
  });

  test('of a server certificate: serverAuth alone, its names and addresses', async () => {
    const text = certificateText(await server());
    for (const part of common) expect(text).toContain(part);
    expect(text).toContain('X509v3 Basic Constraints: critical CA:FALSE X509v3');
    expect(text).toContain('X509v3 Key Usage: critical Digital Signature X509v3');
    expect(text).toContain('X509v3 Extended Key Usage: TLS Web Server Authentication X509v3');
    expect(text).toContain('X509v3 Authority Key Identifier:');
    expect(text).toContain(
      'X509v3 Subject Alternative Name: DNS:gateway.example.test, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1 Signature',
    );
    expect(text).toContain('Subject: O = prod, CN = gateway.example.test Subject');
  });

  test('of a client certificate: clientAuth alone, and no name but the subject', async () => {
    const text = certificateText(await client());
    for (const part of common) expect(text).toContain(part);
    expect(text).toContain('X509v3 Basic Constraints: critical CA:FALSE X509v3');
    expect(text).toContain('X509v3 Key Usage: critical Digital Signature X509v3');
    expect(text).toContain('X509v3 Extended Key Usage: TLS Web Client Authentication X509v3');
    expect(text).toContain('X509v3 Authority Key Identifier:');
    expect(text).not.toContain('Alternative Name');
    expect(text).toContain('Subject: O = prod, CN = ci, serialNumber = 1 Subject');
  });

  test('a name longer than a CN may be is a subjectAltName alone', async () => {
    const long = `${'a'.repeat(60)}.example.test`;
    const text = certificateText(await server({ serverNames: [long], addresses: [] }));
    expect(text).toContain(`DNS:${long}`);
    expect(text).toContain('Subject: O = prod Subject');
  });

  test('every attribute of a subject is a PrintableString', async () => {
    for (const pem of [caPem, await server(), await client()]) {
      const { stdout } = openssl(['asn1parse'], pem);
      const strings = stdout.match(/(?<=prim: )[A-Z0-9]+STRING(?= +:)/g) ?? [];
      expect(strings.length).toBeGreaterThan(2);
      expect(new Set(strings.filter((type) => type !== 'OCTETSTRING'))).toEqual(new Set(['PRINTABLESTRING']));
    }
  });
});

test('serial numbers: 200 different ones, positive, from 65 bits to 20 octets', async () => {
  const serials = new Set<string>();
  for (let count = 0; count < 200; count += 1) {
    const { serialNumber } = new X509Certificate(await client());
    expect(serialNumber).toMatch(/^[0-9A-F]{17,40}$/); // OpenSSL prints a minus before a negative one.
    serials.add(serialNumber);
  }
  expect(serials.size).toBe(200);
});

describe('lifetimes', () => {
  const period = (pem: string): { from: number; to: number } => {
    const { stdout } = openssl(['x509', '-noout', '-dates'], pem);
    const [, from = '', to = ''] = /notBefore=(.*)\nnotAfter=(.*)\n/.exec(stdout) ?? [];
    return { from: Date.parse(from), to: Date.parse(to) };
  };

  test('begin five minutes ago and count from there, both ends included', async () => {
    const later = new Date(now.getTime() + 10 * dayMs);
    const { from, to } = period(await client(authority, 90, later));
    expect(later.getTime() - from).toBeGreaterThanOrEqual(5 * 60_000);
    expect(later.getTime() - from).toBeLessThan(5 * 60_000 + 1000);
    expect(to - from + 1000).toBe(90 * dayMs);
  });

  test('never begin before the CA', async () => {
    const soon = new Date(Date.parse(authority.certificate.validFrom) + 1000);
    expect(period(await client(authority, 1, soon)).from).toBe(Date.parse(authority.certificate.validFrom));
  });

  test.each([
    ['client', 0],
    ['client', 399],
    ['client', 1.5],
    ['client', NaN],
    ['client', -1],
    ['server', 0],
    ['server', 399],
    ['CA', 0],
    ['CA', 7301],
  ])('%s of %d days → refused', async (kind, lifetimeDays) => {
    const issued =
      kind === 'client'
        ? client(authority, lifetimeDays)
        : kind === 'server'
          ? server({ lifetimeDays })
          : createAuthority({ commonName: 'CA', organization: 'prod', lifetimeDays, now });
    await expect(issued).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(kind) as unknown,
    });
  });

  test.each([
    ['client', 1],
    ['client', 398],
    ['server', 1],
    ['server', 398],
    ['CA', 1],
    ['CA', 7300],
  ])('%s of %d days → issued for exactly that long', async (kind, lifetimeDays) => {
    const pem =
      kind === 'client'
        ? await client(authority, lifetimeDays)
        : kind === 'server'
          ? await server({ lifetimeDays })
          : (
              await createAuthority({ commonName: 'CA', organization: 'prod', lifetimeDays, now })
            ).certificate.toString();
    const { from, to } = period(pem);
    expect(to - from + 1000).toBe(lifetimeDays * dayMs);
  });

  test('a leaf that would outlive its CA is refused with the days that are left', async () => {
    const short = await createAuthority({ commonName: 'CA', organization: 'prod', lifetimeDays: 30, now });
    const later = new Date(now.getTime() + 20 * dayMs);
    await expect(client(short, 11, later)).rejects.toMatchObject({
      message: 'A client certificate of 11 days would outlive its CA, which has 10 days left.',
      fix: 'Set its lifetime to 10 days or less, or renew the CA certificate first.',
    });
    expect(canIssueFor(short, 11, later)).toBe(false);
    expect(canIssueFor(short, 10, later)).toBe(true);
    expect(period(await client(short, 10, later)).to).toBeLessThanOrEqual(
      Date.parse(short.certificate.validTo),
    );
  });

  test('a CA and a leaf of the same lifetime, made at once, end together', async () => {
    const short = await createAuthority({ commonName: 'CA', organization: 'prod', lifetimeDays: 30, now });
    expect(period(await client(short, 30)).to).toBe(Date.parse(short.certificate.validTo));
  });

  test.each([
    ['expired', 31 * dayMs, /less than a day/],
    ['not yet valid', -dayMs, /valid only from/],
  ])('a CA that is %s issues nothing', async (_name, offset, message) => {
    const short = await createAuthority({ commonName: 'CA', organization: 'prod', lifetimeDays: 30, now });
    await expect(client(short, 1, new Date(now.getTime() + offset))).rejects.toThrow(message);
  });

  test('the years from 2050 on are GeneralizedTime, those before UTCTime (RFC 5280, 4.1.2.5)', async () => {
    const at = new Date('2045-06-01T00:00:00Z');
    const lasting = await createAuthority({
      commonName: 'CA',
      organization: 'prod',
      lifetimeDays: 7300,
      now: at,
    });
    const { stdout } = openssl(['asn1parse'], lasting.certificate.toString());
    expect(stdout).toMatch(/UTCTIME +:450531235500Z\n.*GENERALIZEDTIME +:20650526235459Z/);
    expect(period(lasting.certificate.toString()).to).toBe(Date.parse('2065-05-26T23:54:59Z'));
  });
});

describe('a CA that openssl made', () => {
  test.each([
    ['RSA 2048', ['-newkey', 'rsa:2048']],
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['P-521', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ])(
    '%s, with UTF8String names and its own key identifier, issues certificates that verify',
    async (_name, keyOptions) => {
      const folder = temporaryFolder();
      const { config } = temporaryFiles({
        config:
          '[req]\ndistinguished_name=dn\nx509_extensions=ca\nprompt=no\nutf8=yes\nstring_mask=utf8only\n' +
          '[dn]\nC=DE\nO=Köln & Söhne\nCN=Own CA\n' +
          '[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=00112233445566778899\n',
      });
      const [keyPath, certificatePath] = [join(folder, 'key'), join(folder, 'crt')];
      const result = openssl([
        'req',
        '-x509',
        '-noenc',
        ...keyOptions,
        '-keyout',
        keyPath,
        '-out',
        certificatePath,
        '-days',
        '30',
        '-config',
        config,
      ]);
      expect(result.status, result.stderr).toBe(0);
      const ca = readFileSync(join(folder, 'crt'), 'utf8');
      const own = {
        certificate: new X509Certificate(ca),
        key: createPrivateKey(readFileSync(join(folder, 'key'))),
      };
      const pem = await client(own, 20, new Date(Date.now() + 60_000));
      const files = temporaryFiles({ ca, pem });
      const judged = openssl([
        'verify',
        '-purpose',
        'sslclient',
        '-attime',
        String(Math.floor(Date.now() / 1000) + 120),
        '-CAfile',
        files.ca,
        files.pem,
      ]);
      expect(judged.status, judged.stderr).toBe(0);
      expect(certificateText(pem)).toContain(
        'X509v3 Authority Key Identifier: 00:11:22:33:44:55:66:77:88:99 ',
      );
    },
  );

  test('an Ed25519 CA is refused, with what would do', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    await expect(client({ certificate: authority.certificate, key: privateKey })).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('ed25519') as unknown,
    });
  });
});

describe('refused as defects, before anything is signed', () => {
  test.each([
    'Gateway',
    '*.example.test',
    'a..b',
    '-a',
    'a-',
    'a b',
    'a\n',
    'a\0',
    'a,DNS:b',
    'é.test',
    '',
    `${'a'.repeat(64)}.test`,
    'a'.repeat(254),
  ])('the server name %j', async (name) => {
    await expect(server({ serverNames: [name] })).rejects.toThrow(RangeError);
  });

  test.each(['localhost', '127.0.0.1/8', '127.1', '::1%lo', '', '1.2.3.4, DNS:evil'])(
    'the address %j',
    async (address) => {
      await expect(server({ addresses: [address] })).rejects.toThrow(RangeError);
    },
  );

  test('a server certificate without any name', async () => {
    await expect(server({ serverNames: [], addresses: [] })).rejects.toThrow(RangeError);
  });

  test.each(['', 'Käse', 'a\nb', 'a"b', 'a\0', 'x'.repeat(65)])('the CA name %j', async (commonName) => {
    await expect(createAuthority({ commonName, organization: 'prod', lifetimeDays: 1, now })).rejects.toThrow(
      RangeError,
    );
  });

  test('a key on another curve', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    await expect(server({ publicKey })).rejects.toThrow(RangeError);
  });
});

test('a private key does not show when its CA is printed', async () => {
  const { inspect } = await import('node:util');
  const shown = inspect(authority, { depth: null, showHidden: true }) + JSON.stringify(authority);
  const secret = privateKeyPem(authority.key).split('\n')[1] ?? '';
  expect(secret).toHaveLength(64);
  expect(shown).not.toContain(secret);
  expect(shown).not.toContain('PRIVATE KEY');
});
