import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../lib/messages/user-error.ts';
import { createAuthority, issueClient } from '../../lib/pki/authority.ts';
import { distinguishedName } from '../../lib/pki/identity.ts';
import { generateKey, isP256, privateKeyPem, publicKeyDer } from '../../lib/pki/keys.ts';
import { checkRequest, makeRequest, requireDistinctKeys } from '../../lib/pki/request.ts';
import { nameDer, oids, type Attribute, type Rdns } from '../support/certificate-builder.ts';
import * as der from '../support/der.ts';
import { openssl, rfc2253Subject } from './support/openssl.ts';
import { temporaryFiles, temporaryFolder } from './support/temporary-folder.ts';

const identity = { stack: 'prod', service: 'ci', generation: 1 };
const key = await generateKey();
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** Checks a request, and returns what is wrong with it, or 'accepted'. */
function judge(text: string, of = identity): string {
  try {
    checkRequest(text, of, 'ci.csr.pem');
    return 'accepted';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message).toContain('ci.csr.pem');
    return `${error.message} ${error.fix}`;
  }
}

const attribute = (type: string, value: string, encoding?: Attribute['encoding']): Attribute => ({
  type,
  value,
  ...(encoding === undefined ? {} : { encoding }),
});
const O = (value: string, encoding?: Attribute['encoding']): Attribute => attribute(oids.O, value, encoding);
const CN = (value: string, encoding?: Attribute['encoding']): Attribute =>
  attribute(oids.CN, value, encoding);
const serial = (value: string, encoding?: Attribute['encoding']): Attribute =>
  attribute(oids.serialNumber, value, encoding);
const right: Rdns = [[O('prod')], [CN('ci')], [serial('1')]];

const ecdsaWith = (lastArc: number): Buffer =>
  der.sequence(der.objectIdentifier(`1.2.840.10045.4.3.${lastArc}`));

/** A request by hand, signed by its own key, whatever it says. */
function build(
  change: {
    subject?: Rdns;
    key?: KeyObject;
    spki?: Uint8Array;
    version?: number;
    attributes?: readonly Uint8Array[];
    noAttributes?: boolean;
    hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512';
    algorithm?: Uint8Array;
    signer?: KeyObject;
    unusedBits?: number;
    after?: Uint8Array;
  } = {},
): string {
  const own = change.key ?? key;
  const info = der.sequence(
    der.integer(change.version ?? 0),
    nameDer(change.subject ?? right),
    change.spki ?? createPublicKey(own).export({ format: 'der', type: 'spki' }),
    ...(change.noAttributes === true ? [] : [der.context(0, ...(change.attributes ?? []))]),
  );
  const signature = sign(change.hash ?? 'sha256', info, change.signer ?? own);
  return der.pem(
    'CERTIFICATE REQUEST',
    Buffer.concat([
      der.sequence(info, change.algorithm ?? ecdsaWith(2), der.bitString(signature, change.unusedBits)),
      change.after ?? Buffer.alloc(0),
    ]),
  );
}

/** A request that openssl req makes from a configuration of its own format. */
function byOpenssl(configuration: string, more: readonly string[] = []): string {
  const paths = temporaryFiles({ 'openssl.cnf': configuration, key: privateKeyPem(key) });
  const result = openssl(['req', '-new', '-key', paths.key, '-config', paths['openssl.cnf'], ...more]);
  expect(result.status, result.stderr).toBe(0);
  return result.stdout;
}
const section = (subject: string, settings = ''): string =>
  `[req]\nprompt=no\ndistinguished_name=dn\nstring_mask=pkix\n${settings}\n[dn]\n${subject}\n`;
const printable = 'O=prod\nCN=ci\nserialNumber=1';

describe('a request that is accepted', () => {
  test('is made by the kit, and openssl verifies it and shows the identity', () => {
    const request = makeRequest(identity, key);
    expect(judge(request)).toBe('accepted');
    expect(openssl(['req', '-verify', '-noout'], request).stderr).toContain('verify OK');
    const subject = openssl(['req', '-noout', '-subject', '-nameopt', 'RFC2253'], request).stdout;
    expect(subject.trim()).toBe(`subject=${distinguishedName(identity)}`);
    expect(openssl(['req', '-noout', '-pubkey'], request).stdout).toBe(
      createPublicKey(key).export({ format: 'pem', type: 'spki' }),
    );
  });

  test('gives the key to certify, and a certificate with the subject that nginx compares', async () => {
    const request = makeRequest(identity, key);
    const { publicKey, pem } = checkRequest(request, identity, 'ci.csr.pem');
    expect(publicKey.type).toBe('public');
    expect(publicKeyDer(publicKey)).toEqual(publicKeyDer(key));
    expect(isP256(publicKey)).toBe(true);
    expect(pem).toBe(request);
    const now = new Date();
    const authority = await createAuthority({
      commonName: 'CA',
      organization: 'prod',
      lifetimeDays: 30,
      now,
    });
    const issued = await issueClient(authority, { identity, lifetimeDays: 10, now, publicKey });
    expect(rfc2253Subject(issued)).toBe(distinguishedName(identity));
  });

  test.each([
    ['by hand, with SHA-256', () => build()],
    ['by hand, with SHA-384', () => build({ hash: 'sha384', algorithm: ecdsaWith(3) })],
    ['with white space around it', () => `\n\n${build()}\n`],
    ['with CRLF line ends', () => build().replaceAll('\n', '\r\n')],
    [
      'with the old label NEW CERTIFICATE REQUEST',
      () => build().replaceAll('CERTIFICATE', 'NEW CERTIFICATE'),
    ],
  ])('may be made %s', (_name, make) => {
    expect(judge(make())).toBe('accepted');
    expect(checkRequest(make(), identity, 'x').pem).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n/);
  });

  test('may come from openssl with PrintableString alone', () => {
    expect(judge(byOpenssl(section(printable, 'string_mask=default')))).toBe('accepted');
  });
});

describe('another subject is refused', () => {
  const cases: [string, Rdns][] = [
    ['no subject', []],
    ['another stack', [[O('prod-2')], [CN('ci')], [serial('1')]]],
    ['another service', [[O('prod')], [CN('review')], [serial('1')]]],
    ['another generation', [[O('prod')], [CN('ci')], [serial('2')]]],
    ['serialNumber 01', [[O('prod')], [CN('ci')], [serial('01')]]],
    ['no serialNumber', [[O('prod')], [CN('ci')]]],
    ['CN in upper case', [[O('prod')], [CN('CI')], [serial('1')]]],
    ['O in upper case', [[O('Prod')], [CN('ci')], [serial('1')]]],
    ['a space after CN', [[O('prod')], [CN('ci ')], [serial('1')]]],
    ['another order', [[CN('ci')], [O('prod')], [serial('1')]]],
    ['the reverse order', [[serial('1')], [CN('ci')], [O('prod')]]],
    ['an OU more', [[O('prod')], [attribute(oids.OU, 'team')], [CN('ci')], [serial('1')]]],
    ['a second CN', [[O('prod')], [CN('ci')], [CN('review')], [serial('1')]]],
    ['an RDN before', [[attribute(oids.OU, 'x')], ...right]],
    ['a multi-valued RDN', [[O('prod')], [CN('ci'), serial('1')]]],
    ['one multi-valued RDN', [[O('prod'), CN('ci'), serial('1')]]],
    ['a comma inside CN', [[O('prod')], [CN('ci,O=prod')], [serial('1')]]],
    ['the whole name inside serialNumber', [[serial('1,CN=ci,O=prod', 'utf8String')]]],
    ['the whole name inside O', [[O('prod, CN=ci, serialNumber=1')]]],
    ['a newline in CN', [[O('prod')], [CN('ci\n', 'utf8String')], [serial('1')]]],
    ['a NUL in CN', [[O('prod')], [CN('ci\0', 'utf8String')], [serial('1')]]],
    ['a Cyrillic letter', [[O('prod')], [CN('с\u0456', 'utf8String')], [serial('1')]]],
  ];
  test.each(cases)('%s', (_name, subject) => {
    const judgement = judge(build({ subject }));
    expect(judgement).toContain('asks for the subject');
    expect(judgement).toContain('O=prod, CN=ci');
    expect(judgement).toContain('hardening pki request ci --stack prod --generation 1');
  });

  test.each(['utf8String', 'bmpString', 'teletexString', 'ia5String'] as const)(
    '%s instead of PrintableString, in any one place, names the command that writes it right',
    (encoding) => {
      const all = [
        [[O('prod', encoding)], right[1], right[2]],
        [right[0], [CN('ci', encoding)], right[2]],
        [right[0], right[1], [serial('1', encoding)]],
      ];
      for (const subject of all as Rdns[]) {
        const judgement = judge(build({ subject }));
        expect(judgement).toContain('has to be a PrintableString');
        expect(judgement).toContain('hardening pki request ci --stack prod --generation 1');
      }
    },
  );

  test('what openssl req writes by itself: UTF8String', () => {
    const request = byOpenssl(section(printable, 'string_mask=utf8only'));
    expect(judge(request)).toContain('openssl req writes UTF8String');
  });

  test('what openssl makes from -subj with another order, and a multi-valued RDN', () => {
    const settings = section(printable);
    expect(judge(byOpenssl(settings, ['-subj', '/CN=ci/O=prod/serialNumber=1']))).toContain(
      'asks for the subject',
    );
    const multivalued = judge(
      byOpenssl(settings, ['-subj', '/O=prod/CN=ci+serialNumber=1', '-multivalue-rdn']),
    );
    expect(multivalued).toContain('asks for the subject');
  });
});

describe('whatever is asked for beyond the identity is refused', () => {
  const v3 = (lines: string): string =>
    byOpenssl(`${section(printable, 'string_mask=default\nreq_extensions=v3')}[v3]\n${lines}\n`);
  test.each([
    ['CA:TRUE', () => v3('basicConstraints=critical,CA:TRUE'), 'extensionRequest, basicConstraints'],
    ['a subjectAltName', () => v3('subjectAltName=DNS:gateway.example.test'), 'subjectAltName'],
    ['keyUsage', () => v3('keyUsage=keyCertSign'), 'keyUsage'],
    ['its own extendedKeyUsage', () => v3('extendedKeyUsage=clientAuth'), 'extendedKeyUsage'],
    [
      'challengePassword',
      () =>
        byOpenssl(
          `${section(printable, 'string_mask=default\nattributes=attrs')}[attrs]\nchallengePassword=secret12\n`,
        ),
      'challengePassword',
    ],
    [
      'an empty extensionRequest',
      () =>
        build({
          attributes: [der.sequence(der.objectIdentifier('1.2.840.113549.1.9.14'), der.set(der.sequence()))],
        }),
      'extensionRequest',
    ],
    [
      'an unknown attribute',
      () =>
        build({
          attributes: [der.sequence(der.objectIdentifier('1.3.6.1.4.1.99999.1'), der.set(der.nothing()))],
        }),
      '1.3.6.1.4.1.99999.1',
    ],
  ])('%s', (_name, make, what) => {
    const judgement = judge(make());
    expect(judgement).toContain('asks for more than an identity');
    expect(judgement).toContain(what);
  });
});

describe('another key is refused', () => {
  const compressed = (): Uint8Array => {
    const spki = Buffer.from(publicKeyDer(key));
    const point = spki.subarray(-64);
    const parity = (point[63] ?? 0) % 2 === 0 ? 2 : 3;
    return der.sequence(
      der.sequence(der.objectIdentifier('1.2.840.10045.2.1'), der.objectIdentifier('1.2.840.10045.3.1.7')),
      der.bitString(Buffer.concat([Buffer.from([parity]), point.subarray(0, 32)])),
    );
  };
  const offCurve = (): Uint8Array => {
    const spki = Buffer.from(publicKeyDer(key));
    spki[spki.length - 1] = (spki[spki.length - 1] ?? 0) ^ 1;
    return spki;
  };
  test.each([
    ['P-384', () => build({ key: p384 })],
    [
      'RSA of 2048 bits',
      () =>
        build({
          key: rsa,
          algorithm: der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), der.nothing()),
        }),
    ],
    ['a compressed point', () => build({ spki: compressed() })],
    ['a point that is not on the curve', () => build({ spki: offCurve() })],
  ])('%s', (_name, make) => {
    expect(judge(make())).toContain('a key other than EC on the curve P-256');
  });

  test('explicit curve parameters', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'explicit.key');
    const made = openssl([
      'ecparam',
      '-name',
      'prime256v1',
      '-param_enc',
      'explicit',
      '-genkey',
      '-noout',
      '-out',
      path,
    ]);
    expect(made.status, made.stderr).toBe(0);
    const { conf } = temporaryFiles({ conf: section(printable, 'string_mask=default') });
    const { stdout } = openssl(['req', '-new', '-key', path, '-config', conf]);
    expect(judge(stdout)).not.toBe('accepted');
  });
});

describe('a signature that is not its own, or weak, is refused', () => {
  test.each([
    [
      'SHA-1',
      () => build({ hash: 'sha1', algorithm: der.sequence(der.objectIdentifier('1.2.840.10045.4.1')) }),
      'is signed with ECDSA SHA-1',
    ],
    ['SHA-512', () => build({ hash: 'sha512', algorithm: ecdsaWith(4) }), 'is signed with ECDSA SHA-512'],
    [
      'parameters that do not belong there',
      () => build({ algorithm: der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'), der.nothing()) }),
      'is signed with',
    ],
  ])('%s', (_name, make, what) => {
    expect(judge(make())).toContain(what);
  });

  test.each([
    ["another key's", async () => build({ signer: await generateKey() })],
    ['of another hash than it says', () => build({ hash: 'sha384' })],
  ])('%s', async (_name, make) => {
    expect(judge(await make())).toContain('is not signed with the key that it wants certified');
  });

  test('of a request of which any octet was changed, or that is cut short', () => {
    const bytes = Buffer.from(makeRequest(identity, key).split('\n').slice(1, -2).join(''), 'base64');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      expect(judge(der.pem('CERTIFICATE REQUEST', changed)), `octet ${index}`).not.toBe('accepted');
      expect(judge(der.pem('CERTIFICATE REQUEST', bytes.subarray(0, index)))).not.toBe('accepted');
    }
  });
});

describe('anything but one request in DER is refused', () => {
  test.each([
    ['nothing', () => '', 'does not hold a PEM certificate signing request'],
    ['text', () => 'hello', 'does not hold a PEM certificate signing request'],
    ['two requests', () => build() + build(), 'holds 2 PEM blocks'],
    ['a request and its key', () => build() + privateKeyPem(key), 'holds 2 PEM blocks'],
    ['a certificate', () => build().replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'), 'holds something else'],
    ['text after it', () => `${build()}ci`, 'holds something else'],
    ['text before it', () => `Certificate Request:\n${build()}`, 'holds something else'],
    ['bytes after the request, inside the block', () => build({ after: der.nothing() }), 'ci.csr.pem'],
    ['bits that are not used in the signature', () => build({ unusedBits: 1 }), 'ci.csr.pem'],
    ['another version', () => build({ version: 1 }), 'is not in DER, or has another version'],
    ['no attributes at all, which the format demands', () => build({ noAttributes: true }), 'ci.csr.pem'],
  ])('%s', (_name, make, what) => {
    const judgement = judge(make());
    expect(judgement).not.toBe('accepted');
    expect(judgement).toContain(what);
  });
});

describe('one key for two identities is refused', () => {
  const holder = (service: string, generation: number, publicKey: KeyObject) => ({
    identity: { stack: 'prod', service, generation },
    publicKey,
  });

  test('of two services, and of two generations of one', async () => {
    const other = await generateKey();
    expect(() => requireDistinctKeys([holder('ci', 1, key), holder('review', 1, other)])).not.toThrow();
    expect(() =>
      requireDistinctKeys([
        holder('ci', 1, key),
        holder('x', 1, other),
        holder('review', 1, createPublicKey(key)),
      ]),
    ).toThrow('ci 1 and review 1 have the same key');
    expect(() => requireDistinctKeys([holder('ci', 1, key), holder('ci', 2, key)])).toThrow(
      'ci 1 and ci 2 have the same key',
    );
  });
});

test('a request is made for a P-256 private key only', () => {
  expect(() => makeRequest(identity, p384)).toThrow(RangeError);
  expect(() => makeRequest(identity, createPublicKey(key))).toThrow(RangeError);
  expect(() => makeRequest({ ...identity, service: 'ci,O=x' }, key)).toThrow(RangeError);
});
