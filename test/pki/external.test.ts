import { createHash, X509Certificate } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../lib/messages/user-error.ts';
import { createAuthority, issueClient, issueServer } from '../../lib/pki/authority.ts';
import { issueCrl } from '../../lib/pki/crl.ts';
import { readExternalPki, readTrustedAuthority, type ExternalWanted } from '../../lib/pki/external.ts';
import { issueDue } from '../../lib/pki/issuing.ts';
import { generateKey } from '../../lib/pki/keys.ts';
import { loadKey } from '../../lib/pki/load.ts';
import { revokeInIndex, signFolderCrl } from '../../lib/pki/revoking.ts';
import { serialNumberOf } from '../../lib/pki/serial-number.ts';
import { buildCertificate, extensions, nameDer, oids, signerOf } from '../support/certificate-builder.ts';
import * as der from '../support/der.ts';
import { client, freshKeptPki, newKeptPki, wanted, type KeptPki } from './support/kept-pki.ts';
import { openssl } from './support/openssl.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = new Date();
const inDays = (days: number): Date => new Date(now.getTime() + days * dayMs);
const read = (path: string): string => fs.readFileSync(path, 'utf8');

async function ready(): Promise<KeptPki> {
  const kept = await newKeptPki();
  await issueDue(kept.paths, wanted, kept.unlock, now);
  return kept;
}
const sign = async (kept: KeptPki, accepted?: ExternalWanted): Promise<void> => {
  const identities = accepted && [accepted.health, ...accepted.clients].map(({ identity }) => identity);
  await signFolderCrl(kept.paths, await kept.unlock(), { accepted: identities, now });
};

/** What is wrong with a folder, problem and fix together, or 'accepted'. */
function judge({ directory }: KeptPki, of: ExternalWanted = wanted, at = now): string {
  try {
    readExternalPki(directory, of, at);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `${error.message}\n${error.fix}`;
  }
}

describe('a folder that fits', () => {
  test('gives public parts alone', async () => {
    const kept = await ready();
    const { paths } = kept;
    const external = readExternalPki(kept.directory, wanted, now);
    const ca = new X509Certificate(read(paths.ca.certificate));
    const part = (path: string) => {
      const certificate = new X509Certificate(read(path));
      return {
        certificatePem: read(path),
        serialNumber: String(serialNumberOf(certificate)),
        notAfter: new Date(certificate.validTo).toISOString().replace('.000Z', 'Z'),
      };
    };
    expect(external).toEqual({
      ...part(paths.ca.certificate),
      name: `external-${createHash('sha256').update(ca.raw).digest('hex').slice(0, 8)}`,
      crlPem: read(paths.crl),
      server: part(paths.server.certificate),
      health: part(paths.client(wanted.health.identity).certificate),
      services: new Map([
        ['ci-1', part(paths.client(client('ci').identity).certificate)],
        ['review-3', part(paths.client(client('review', 3).identity).certificate)],
      ]),
      secretsDirectory: paths.secrets,
    });
    expect(external.notAfter).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(JSON.stringify([external, ...external.services])).not.toContain('PRIVATE KEY');
  });

  test('is read without its secrets and without an index', async () => {
    const kept = await ready();
    fs.rmSync(kept.paths.secrets, { recursive: true });
    expect(judge(kept)).toBe('accepted');
    fs.rmSync(kept.paths.index);
    expect(judge(kept)).toBe('accepted');
  });

  test('may have certificates in their last third: they are renewed by the next issue', async () => {
    expect(judge(await ready(), wanted, inDays(80))).toBe('accepted');
  });
});

describe('what a folder lacks is told at once, each with the command', () => {
  test('certificates and list that are missing', async () => {
    const kept = await newKeptPki();
    fs.rmSync(kept.paths.crl);
    const judgement = judge(kept);
    for (const name of ['server.crt', 'health-1.crt', 'ci-1.crt', 'review-3.crt', 'ca.crl']) {
      expect(judgement).toMatch(new RegExp(`${name.replace('.', '\\.')} is missing`));
    }
    expect(judgement).toContain(`Run: hardening pki issue --dir ${kept.directory} --stack prod`);
    expect(judgement).toContain(`Run: hardening pki crl --dir ${kept.directory} --stack prod`);
  });

  test('certificates that ended, and a CA that ended', async () => {
    const kept = await ready();
    const judgement = judge(kept, wanted, inDays(91));
    expect(judgement.match(/crt ended at/g)).toHaveLength(4);
    expect(judge(kept, wanted, inDays(1001))).toContain('ca.crt ended at');
    expect(judge(kept, wanted, inDays(-1))).toContain('is valid only from');
  });

  test('names, addresses, lifetime and stack that are not the configuration’s', async () => {
    const kept = await ready();
    const server = (change: object): ExternalWanted => ({
      ...wanted,
      server: { ...wanted.server, ...change },
    });
    expect(judge(kept, server({ serverNames: ['models.example.test'] }))).toContain(
      'and has to be for models.example.test',
    );
    expect(judge(kept, server({ addresses: ['127.0.0.2'] }))).toContain('has to be for');
    expect(judge(kept, server({ lifetimeDays: 30 }))).toContain('lives for 90 days, and 30 are the most');
    expect(judge(kept, { ...wanted, clients: [client('ci', 1, 89), client('review', 3)] })).toContain(
      'ci-1.crt lives for 90 days',
    );
    expect(judge(kept, { ...wanted, stack: 'other' })).toContain('is not of O=other');
  });
});

describe('a certificate under another name in its file', () => {
  test.each([
    ['another service', 'review', 3],
    ['another generation', 'ci', 2],
  ] as const)('%s', async (_name, service, generation) => {
    const kept = await ready();
    const authority = await kept.unlock();
    const publicKey = await generateKey();
    const identity = { stack: 'prod', service, generation };
    const pem = await issueClient(authority, { identity, lifetimeDays: 90, now, publicKey });
    fs.writeFileSync(kept.paths.client(client('ci').identity).certificate, pem);
    expect(judge(kept)).toContain('ci-1.crt has the subject');
  });

  test.each(['utf8String', 'bmpString', 'teletexString'] as const)(
    'the same text as %s',
    async (encoding) => {
      const kept = await ready();
      await replace(kept, { encoding });
      expect(judge(kept)).toContain('each a PrintableString');
    },
  );

  test('a subjectAltName beside the right subject', async () => {
    const kept = await ready();
    await replace(kept, { more: [extensions.subjectAltName('review')] });
    expect(judge(kept)).toContain('has subjectAltNames too (DNS:review)');
  });

  test.each([
    ['serverAuth too', [extensions.extendedKeyUsage(oids.clientAuth, oids.serverAuth)], 'extendedKeyUsage'],
    ['no extendedKeyUsage', [], 'extendedKeyUsage'],
    [
      'CA:TRUE',
      [extensions.extendedKeyUsage(oids.clientAuth), extensions.basicConstraints(true)],
      'CA:FALSE',
    ],
  ] as const)('%s', async (_name, own, what) => {
    const kept = await ready();
    await replace(kept, { own });
    expect(judge(kept)).toContain(what);
  });

  /** Puts a certificate of the folder's own CA into ci-1.crt whose key is the right one. */
  async function replace(
    kept: KeptPki,
    change: { encoding?: der.StringType; more?: readonly Buffer[]; own?: readonly Buffer[] },
  ): Promise<void> {
    const paths = kept.paths.client(client('ci').identity);
    const attribute = (type: string, value: string) => ({
      type,
      value,
      ...(change.encoding === undefined ? {} : { encoding: change.encoding }),
    });
    const { certificate, key } = await kept.unlock();
    const own = change.own ?? [extensions.extendedKeyUsage(oids.clientAuth)];
    const hasConstraints = own.some((one) => one.equals(extensions.basicConstraints(true)));
    const made = buildCertificate({
      subject: nameDer([
        [attribute(oids.O, 'prod')],
        [attribute(oids.CN, 'ci')],
        [attribute(oids.serialNumber, '1')],
      ]),
      key: loadKey(paths.key),
      signer: signerOf({ certificate, key }),
      notBefore: new Date(now.getTime() - 60_000),
      notAfter: inDays(10),
      extensions: [
        ...(hasConstraints ? [] : [extensions.basicConstraints(false)]),
        extensions.keyUsage(0x80),
        ...own,
        ...(change.more ?? []),
      ],
    });
    fs.writeFileSync(paths.certificate, der.pem('CERTIFICATE', made));
  }
});

test('certificates of another CA of the same name are refused', async () => {
  const kept = await ready();
  const genuine = new X509Certificate(read(kept.paths.ca.certificate));
  const commonName = /CN=(.*)/.exec(genuine.subject)?.[1] ?? '';
  const other = await createAuthority({ commonName, organization: 'prod', lifetimeDays: 900, now });
  const publicKey = await generateKey();
  const { server } = wanted;
  const pem = await issueServer(other, { ...server, organization: 'prod', now, publicKey });
  fs.writeFileSync(kept.paths.server.certificate, pem);
  expect(judge(kept)).toContain('server.crt was not issued by the CA of the folder');
});

test('one key for two services is refused', async () => {
  const kept = await ready();
  const authority = await kept.unlock();
  const publicKey = loadKey(kept.paths.client(client('review', 3).identity).key);
  const pem = await issueClient(authority, { ...client('ci'), now, publicKey });
  fs.writeFileSync(kept.paths.client(client('ci').identity).certificate, pem);
  expect(judge(kept)).toContain('have the same key');
});

describe('the revocation list', () => {
  test('has to have what the configuration does not let in, by the index', async () => {
    const kept = await ready();
    const without: ExternalWanted = { ...wanted, clients: [client('ci')] };
    fs.rmSync(kept.paths.client(client('review', 3).identity).certificate);
    expect(judge(kept, without)).toContain(
      'ca.crl lacks certificates that the configuration does not let in: review-3',
    );
    await sign(kept, without);
    expect(judge(kept, without)).toBe('accepted');
  });

  test('and by the files that are there, where there is no index', async () => {
    const kept = await ready();
    fs.rmSync(kept.paths.index);
    const without: ExternalWanted = { ...wanted, clients: [client('ci')] };
    expect(judge(kept, without)).toContain(
      'ca.crl lacks certificates that the configuration does not let in: review-3',
    );
    expect(judge(kept, without, inDays(91))).not.toContain('lacks');
  });

  test('may not have what the configuration lets in', async () => {
    const kept = await ready();
    await revokeInIndex(kept.paths, { service: 'ci', reason: 'keyCompromise', now });
    await sign(kept);
    const judgement = judge(kept);
    expect(judgement).toContain('lists certificates that the configuration lets in: CN=ci serialNumber=1');
    expect(judgement).toContain('Raise the generation');
  });

  test('of another CA, corrupt, twice, from the future or ending before a certificate is refused', async () => {
    const kept = await ready();
    const { crl, ca } = kept.paths;
    const authority = await kept.unlock();
    const good = read(crl);
    const put = (text: string): string => {
      fs.writeFileSync(crl, text);
      return judge(kept);
    };
    const certificate = new X509Certificate(read(ca.certificate));
    const forged = { certificate, key: await generateKey() };
    expect(put(await issueCrl(forged, { revoked: [], number: 9n, now }))).toContain(
      'ca.crl was not signed by the CA',
    );
    expect(put(good + good)).toContain('holds 2 revocation lists');
    expect(put('')).toContain('holds 0 revocation lists');
    expect(put(good.slice(0, 200))).toContain('does not hold PEM revocation lists');
    expect(put(await issueCrl(authority, { revoked: [], number: 9n, now: inDays(2) }))).toContain(
      'is valid only from',
    );
    const early = await issueCrl(authority, { revoked: [], number: 9n, now, nextUpdate: inDays(80) });
    expect(put(early)).toContain('before certificates that end at');
    expect(put(good)).toBe('accepted');
  });
});

describe('a CA that is trusted beside the one that issues', () => {
  test('gives its certificate and its list, where it has one', async () => {
    const kept = await newKeptPki();
    const trusted = readTrustedAuthority(kept.directory);
    expect(trusted).toMatchObject({
      certificatePem: read(kept.paths.ca.certificate),
      crlPem: read(kept.paths.crl),
    });
    expect(trusted.name).toMatch(/^external-[0-9a-f]{8}$/);
    expect(openssl(['crl', '-noout', '-CAfile', kept.paths.ca.certificate], trusted.crlPem).stderr).toContain(
      'verify OK',
    );
    fs.rmSync(kept.paths.crl);
    fs.rmSync(kept.paths.secrets, { recursive: true });
    expect(readTrustedAuthority(kept.directory).crlPem).toBeUndefined();
  });

  test('is refused where it has ended, is none, or has a list of another', async () => {
    const [kept, other] = [await ready(), await freshKeptPki()];
    expect(() => readTrustedAuthority(kept.directory, inDays(1001))).toThrow('ended at');
    fs.copyFileSync(other.paths.crl, kept.paths.crl);
    expect(() => readTrustedAuthority(kept.directory)).toThrow(
      'ca.crl was not signed by the CA of the folder',
    );
    fs.copyFileSync(kept.paths.server.certificate, kept.paths.ca.certificate);
    expect(() => readTrustedAuthority(kept.directory)).toThrow('is not the certificate of a CA');
    expect(() => readTrustedAuthority(join(kept.directory, 'none'))).toThrow('ENOENT');
  });
});
