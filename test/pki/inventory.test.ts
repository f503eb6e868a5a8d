import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import builtin, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createAuthority, issueClient } from '../../lib/pki/authority.ts';
import { pkiPaths, writeCertificate, writeKey, writePair } from '../../lib/pki/files.ts';
import { issueCrl } from '../../lib/pki/crl.ts';
import { ensurePki, type Pki, type WantedPki } from '../../lib/pki/inventory.ts';
import { generateKey } from '../../lib/pki/keys.ts';
import { loadAuthority, loadKey } from '../../lib/pki/load.ts';
import { readCrls } from '../../lib/pki/read-crl.ts';
import { buildCertificate, extensions, oids, signerOf } from '../support/certificate-builder.ts';
import { pem } from '../support/der.ts';
import { certificateText } from './support/openssl.ts';
import { expectSound } from './support/pki-judge.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const dayMs = 24 * 60 * 60 * 1000;
const ci = { identity: { stack: 'prod', service: 'ci', generation: 1 }, lifetimeDays: 30 };
const review = { identity: { stack: 'prod', service: 'review', generation: 3 }, lifetimeDays: 30 };
const wanted: WantedPki = {
  stack: 'prod',
  ca: { commonName: 'Test CA', lifetimeDays: 300 },
  server: { serverNames: ['gateway.example.test'], addresses: ['127.0.0.1', '::1'], lifetimeDays: 30 },
  clients: [ci, review],
};
const newFolder = (): string => join(temporaryFolder(), 'pki');
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);

/** Everything in a folder that a write would change. */
function snapshot(folder: string): Record<string, string> {
  const names = ['.', ...fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()];
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      const { mode, ino, mtimeMs, ctimeMs } = fs.lstatSync(path);
      const content = fs.lstatSync(path).isFile() ? fs.readFileSync(path, 'latin1') : '';
      return [name, [mode.toString(8), ino, mtimeMs, ctimeMs, content].join(' ')];
    }),
  );
}

/** The files whose content differs between two snapshots. */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const content = (entry: string | undefined): string | undefined => entry?.split(' ').slice(4).join(' ');
  return Object.keys(after).filter((name) => content(after[name]) !== content(before[name]));
}

describe('a folder with its own CA', () => {
  test('has everything that is wanted, and a second call changes nothing', async () => {
    const folder = newFolder();
    const pki = await ensurePki(folder, wanted);
    expectSound(pki);
    const paths = pkiPaths(folder);
    expect(pki).toEqual({
      ca: { ...paths.ca, crl: paths.crl },
      server: paths.server,
      clients: [
        {
          ...paths.client(ci.identity),
          service: 'ci',
          generation: 1,
          distinguishedName: 'serialNumber=1,CN=ci,O=prod',
        },
        {
          ...paths.client(review.identity),
          service: 'review',
          generation: 3,
          distinguishedName: 'serialNumber=3,CN=review,O=prod',
        },
      ],
    } satisfies Pki);
    const before = snapshot(folder);
    expect(await ensurePki(folder, wanted)).toEqual(pki);
    expect(snapshot(folder)).toEqual(before);
  });

  test.each<[string, Partial<WantedPki>, Date, string[]]>([
    [
      'another server name',
      { server: { ...wanted.server, serverNames: ['other.example.test'] } },
      new Date(),
      ['certs/server.crt'],
    ],
    [
      'a server name more',
      { server: { ...wanted.server, serverNames: ['gateway.example.test', 'b.test'] } },
      new Date(),
      ['certs/server.crt'],
    ],
    [
      'a server address less',
      { server: { ...wanted.server, addresses: ['127.0.0.1'] } },
      new Date(),
      ['certs/server.crt'],
    ],
    [
      'another lifetime of one client',
      { clients: [ci, { ...review, lifetimeDays: 31 }] },
      new Date(),
      ['certs/review-3.crt'],
    ],
    [
      'a new service',
      { clients: [ci, review, { ...ci, identity: { ...ci.identity, service: 'new' } }] },
      new Date(),
      ['certs/new-1.crt', 'secrets/new-1.key'],
    ],
    [
      'the next generation',
      { clients: [{ ...ci, identity: { ...ci.identity, generation: 2 } }, review] },
      new Date(),
      ['certs/ci-2.crt', 'secrets/ci-2.key'],
    ],
    ['a service less', { clients: [review] }, new Date(), []],
    ['19 of 30 days later', {}, inDays(19), []],
    [
      'in the last third of their life',
      {},
      inDays(21),
      ['certs/ci-1.crt', 'certs/review-3.crt', 'certs/server.crt'],
    ],
    ['after they expired', {}, inDays(40), ['certs/ci-1.crt', 'certs/review-3.crt', 'certs/server.crt']],
    [
      'when the CA ends before a new one would',
      {},
      inDays(280),
      ['certs/ca.crl', 'certs/ca.crt', 'certs/ci-1.crt', 'certs/review-3.crt', 'certs/server.crt'],
    ],
    [
      'after the CA expired',
      {},
      inDays(400),
      ['certs/ca.crl', 'certs/ca.crt', 'certs/ci-1.crt', 'certs/review-3.crt', 'certs/server.crt'],
    ],
    [
      'when the clock went back',
      {},
      inDays(-1),
      ['certs/ca.crl', 'certs/ca.crt', 'certs/ci-1.crt', 'certs/review-3.crt', 'certs/server.crt'],
    ],
    ['another lifetime of the CA', { ca: { ...wanted.ca, lifetimeDays: 200 } }, new Date(), ['certs/ca.crt']],
    [
      'another name of the CA',
      { ca: { ...wanted.ca, commonName: 'New CA' } },
      new Date(),
      ['certs/ca.crl', 'certs/ca.crt', 'certs/ci-1.crt', 'certs/review-3.crt', 'certs/server.crt'],
    ],
  ])('%s renews what no longer fits, and no key', async (_name, change, now, expected) => {
    const folder = newFolder();
    await ensurePki(folder, wanted);
    const before = snapshot(folder);
    const pki = await ensurePki(folder, { ...wanted, ...change }, { now });
    expect(changed(before, snapshot(folder)).sort()).toEqual(expected);
    if (Math.abs(now.getTime() - Date.now()) < dayMs / 2) expectSound(pki);
    const after = snapshot(folder);
    await ensurePki(folder, { ...wanted, ...change }, { now });
    expect(snapshot(folder)).toEqual(after);
  });

  test('the revocation list keeps what it lists when it is signed anew', async () => {
    const folder = newFolder();
    const { crl = '' } = (await ensurePki(folder, wanted)).ca;
    const authority = loadAuthority(folder);
    if (authority.key === undefined) throw new Error('no key');
    const revoked = [{ serialNumber: 5n, revocationDate: new Date('2026-01-01T00:00:00Z') }];
    const { certificate, key } = authority;
    const signed = await issueCrl({ certificate, key }, { revoked, number: 9n, now: new Date() });
    writeCertificate(crl, signed, { overwrite: true });
    await ensurePki(folder, wanted);
    expect(fs.readFileSync(crl, 'utf8')).toBe(signed);
    await ensurePki(folder, { ...wanted, ca: { ...wanted.ca, lifetimeDays: 310 } });
    const [renewed] = readCrls(fs.readFileSync(crl, 'utf8'), crl);
    expect(renewed).toMatchObject({ number: 10n, entries: revoked });
    expectSound(await ensurePki(folder, wanted));
  });

  test('a renewed CA keeps what it issued valid', async () => {
    const folder = newFolder();
    const pki = await ensurePki(folder, wanted);
    const leaf = new X509Certificate(fs.readFileSync(pki.server.certificate));
    await ensurePki(folder, { ...wanted, ca: { ...wanted.ca, lifetimeDays: 200 } });
    expect(leaf.verify(new X509Certificate(fs.readFileSync(pki.ca.certificate)).publicKey)).toBe(true);
    expectSound(pki);
  });

  test('a certificate that another key signed in the name of the CA is replaced', async () => {
    const folder = newFolder();
    const pki = await ensurePki(folder, wanted);
    const { certificate, key } = loadAuthority(folder);
    if (key === undefined) throw new Error('no key');
    const signer = { ...signerOf({ certificate, key }), key: await generateKey() };
    const genuine = new X509Certificate(fs.readFileSync(pki.server.certificate));
    const forged = buildCertificate({
      subject: [[{ type: oids.O, value: 'prod' }], [{ type: oids.CN, value: 'gateway.example.test' }]],
      key: loadKey(pki.server.key),
      signer,
      notBefore: new Date(genuine.validFrom),
      notAfter: new Date(genuine.validTo),
      extensions: [
        extensions.subjectAltName('gateway.example.test'),
        ...(signer.keyIdentifier === undefined
          ? []
          : [extensions.authorityKeyIdentifier(signer.keyIdentifier)]),
      ],
    });
    const named = { ...wanted, server: { ...wanted.server, addresses: [] } };
    writeCertificate(pki.server.certificate, pem('CERTIFICATE', forged), { overwrite: true });
    expect(new X509Certificate(forged).checkIssued(certificate)).toBe(true);
    expectSound(await ensurePki(folder, named));
  });

  test('a key that was exchanged gets a certificate of its own', async () => {
    const folder = newFolder();
    const pki = await ensurePki(folder, wanted);
    writeKey(pki.server.key, await generateKey(), { overwrite: true });
    expectSound(await ensurePki(folder, wanted));
  });

  test('a lifetime beyond that of a new CA is refused', async () => {
    await expect(
      ensurePki(newFolder(), { ...wanted, ca: { ...wanted.ca, lifetimeDays: 29 } }),
    ).rejects.toThrow('A server certificate of 30 days would outlive its CA, which has 29 days left.');
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      'the CA lost its key',
      (folder) => fs.rmSync(pkiPaths(folder).ca.key),
      /ca\.crt is there but .*ca\.key is not/,
    ],
    [
      'the CA has the key of another pair',
      (folder) => fs.copyFileSync(pkiPaths(folder).server.key, pkiPaths(folder).ca.key),
      /ca\.key does not belong/,
    ],
    [
      'a key is open to others',
      (folder) => fs.chmodSync(pkiPaths(folder).server.key, 0o640),
      /server\.key is a private key that others/,
    ],
    [
      'a certificate is damaged',
      (folder) => fs.truncateSync(pkiPaths(folder).server.certificate, 99),
      /server\.crt does not hold/,
    ],
    [
      'the CA certificate is a leaf',
      (folder) => fs.copyFileSync(pkiPaths(folder).server.certificate, pkiPaths(folder).ca.certificate),
      /ca\.crt is not the certificate of a CA/,
    ],
  ])('%s → refused, and nothing is written', async (_name, spoil, message) => {
    const folder = newFolder();
    await ensurePki(folder, wanted);
    spoil(folder);
    const before = snapshot(folder);
    await expect(ensurePki(folder, wanted)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(message) as unknown,
    });
    expect(snapshot(folder)).toEqual(before);
  });
});

describe('interrupted', () => {
  const operations = [
    'mkdirSync',
    'openSync',
    'fchmodSync',
    'writeFileSync',
    'fsyncSync',
    'linkSync',
    'renameSync',
  ] as const;

  /** Runs `run` and ends it at its n-th file operation as a crash would: nothing after it happens, cleaning up neither. */
  async function crashAt(n: number, run: () => Promise<unknown>): Promise<'crashed' | 'done'> {
    const originals = { ...builtin };
    const target = builtin as unknown as Record<string, unknown>;
    let count = 0;
    for (const name of operations) {
      const original = originals[name] as (...arguments_: unknown[]) => unknown;
      target[name] = (...arguments_: unknown[]): unknown => {
        count += 1;
        if (count >= n) throw new Error('crash');
        return original(...arguments_);
      };
    }
    target['rmSync'] = (...arguments_: Parameters<typeof fs.rmSync>): void => {
      if (count < n) originals.rmSync(...arguments_);
    };
    syncBuiltinESMExports();
    try {
      await run();
      return 'done';
    } catch (error) {
      if (error instanceof Error && error.message === 'crash') return 'crashed';
      throw error;
    } finally {
      for (const name of [...operations, 'rmSync'] as const) target[name] = originals[name];
      syncBuiltinESMExports();
    }
  }

  test('at every single file operation, the next call completes it, and no key changes', async () => {
    const only: WantedPki = { ...wanted, clients: [ci] };
    const parent = temporaryFolder();
    let n = 0;
    let outcome: 'crashed' | 'done' = 'crashed';
    while (outcome === 'crashed') {
      n += 1;
      expect(n).toBeLessThan(200);
      const folder = join(parent, String(n));
      outcome = await crashAt(n, () => ensurePki(folder, only));
      const { secrets } = pkiPaths(folder);
      const keys = (): Record<string, string> =>
        Object.fromEntries(
          (fs.existsSync(secrets) ? fs.readdirSync(secrets) : [])
            .filter((name) => name.endsWith('.key'))
            .map((name) => [name, fs.readFileSync(join(secrets, name), 'latin1')]),
        );
      const before = keys();
      const { server, clients } = await ensurePki(folder, only);
      expect(keys()).toMatchObject(before);
      for (const { certificate, key } of [server, ...clients]) {
        const { privateKey, leaf } = {
          privateKey: loadKey(key),
          leaf: new X509Certificate(fs.readFileSync(certificate)),
        };
        expect(leaf.checkPrivateKey(privateKey)).toBe(true);
        expect(leaf.verify(loadAuthority(folder).certificate.publicKey)).toBe(true);
      }
    }
    expect(n).toBeGreaterThan(40);
  });

  test.each([
    ['a CA key without its certificate', 'ca'],
    ['a server key without its certificate', 'server'],
  ] as const)('%s → a certificate for that key', async (_name, which) => {
    const folder = newFolder();
    await ensurePki(folder, wanted);
    const paths = pkiPaths(folder);
    const before = fs.readFileSync(paths[which].key, 'latin1');
    fs.rmSync(paths[which].certificate);
    expectSound(await ensurePki(folder, wanted));
    expect(fs.readFileSync(paths[which].key, 'latin1')).toBe(before);
  });

  test('a client certificate that lost its key → a new pair', async () => {
    const folder = newFolder();
    await ensurePki(folder, wanted);
    fs.rmSync(pkiPaths(folder).client(ci.identity).key);
    expectSound(await ensurePki(folder, wanted));
  });
});

describe('at the same time', () => {
  test('five calls in one process end with one PKI', async () => {
    const folder = newFolder();
    const results = await Promise.all(Array.from({ length: 5 }, () => ensurePki(folder, wanted)));
    const [first, ...others] = results;
    if (first === undefined) throw new Error('no result');
    for (const other of others) expect(other).toEqual(first);
    expectSound(first);
  });

  test('three processes end with one PKI, when it is new and when all of it is renewed', async () => {
    const folder = newFolder();
    const program = join(import.meta.dirname, 'support', 'ensure-pki.ts');
    const run = async (what: WantedPki): Promise<void> => {
      const outputs = await Promise.all(
        Array.from({ length: 3 }, () =>
          promisify(execFile)(process.execPath, ['--import', 'tsx', program, folder, JSON.stringify(what)], {
            timeout: 50_000,
          }),
        ),
      );
      const [first, ...others] = outputs.map(({ stdout }) => JSON.parse(stdout) as Pki);
      if (first === undefined) throw new Error('no output');
      for (const other of others) expect(other).toEqual(first);
      expectSound(first);
    };
    await run(wanted);
    await run({ ...wanted, ca: { ...wanted.ca, commonName: 'Renamed CA' } });
  });
});

describe('under a CA in a folder of somebody else', () => {
  /** A folder with a CA, a server certificate and one for ci. */
  async function given(): Promise<string> {
    const folder = newFolder();
    await ensurePki(folder, { ...wanted, clients: [ci] });
    return folder;
  }

  test('what is there is used, the rest is issued into the own folder, and nothing is written there', async () => {
    const readOnlyAuthorityDir = await given();
    const before = snapshot(readOnlyAuthorityDir);
    const folder = newFolder();
    const pki = await ensurePki(folder, wanted, { readOnlyAuthorityDir });
    expectSound(pki);
    const [there, own] = [pkiPaths(readOnlyAuthorityDir), pkiPaths(folder)];
    expect(pki.ca).toEqual({ ...there.ca, crl: there.crl });
    expect(pki.server).toEqual(there.server);
    expect(pki.clients.map(({ certificate }) => certificate)).toEqual([
      there.client(ci.identity).certificate,
      own.client(review.identity).certificate,
    ]);
    expect(snapshot(readOnlyAuthorityDir)).toEqual(before);
    const mine = snapshot(folder);
    expect(Object.keys(mine)).toEqual([
      '.',
      'certs',
      'certs/review-3.crt',
      'secrets',
      'secrets/.gitignore',
      'secrets/review-3.key',
    ]);
    await ensurePki(folder, wanted, { readOnlyAuthorityDir });
    expect(snapshot(folder)).toEqual(mine);
  });

  test('a client certificate of the own CA is replaced by one of the given CA', async () => {
    const folder = newFolder();
    await ensurePki(folder, wanted);
    expectSound(await ensurePki(folder, wanted, { readOnlyAuthorityDir: await given() }));
    expectSound(await ensurePki(folder, wanted));
  });

  test('without the CA key, certificates that are there are enough', async () => {
    const readOnlyAuthorityDir = await given();
    fs.rmSync(pkiPaths(readOnlyAuthorityDir).ca.key);
    const pki = await ensurePki(newFolder(), { ...wanted, clients: [ci] }, { readOnlyAuthorityDir });
    expect(pki.ca.key).toBeUndefined();
    expectSound(pki);
  });

  test('without the CA key, a missing client certificate is a message that says what belongs where', async () => {
    const readOnlyAuthorityDir = await given();
    const paths = pkiPaths(readOnlyAuthorityDir);
    fs.rmSync(paths.ca.key);
    const { certificate, key } = paths.client(review.identity);
    await expect(ensurePki(newFolder(), wanted, { readOnlyAuthorityDir })).rejects.toMatchObject({
      message:
        'There is no client certificate for serialNumber=3,CN=review,O=prod, and no CA key to issue one.',
      fix: `Put it at ${certificate} with its key at ${key}, or put the CA's key at ${paths.ca.key}; where that is encrypted, issue it: hardening pki issue.`,
    });
  });

  test('a server certificate that is expired, has another name or another issuer is used as it is', async () => {
    const readOnlyAuthorityDir = await given();
    const { server } = pkiPaths(readOnlyAuthorityDir);
    const stranger = await createAuthority({
      commonName: 'X',
      organization: 'x',
      lifetimeDays: 1,
      now: inDays(-9),
    });
    const key = await generateKey();
    const identity = { stack: 'x', service: 'x', generation: 1 };
    const odd = await issueClient(stranger, { identity, lifetimeDays: 1, now: inDays(-9), publicKey: key });
    writeCertificate(server.certificate, odd, { overwrite: true });
    writeKey(server.key, key, { overwrite: true });
    const pki = await ensurePki(newFolder(), wanted, { readOnlyAuthorityDir });
    expect(certificateText(fs.readFileSync(pki.server.certificate, 'latin1'))).toContain(
      'Issuer: O = x, CN = X',
    );
  });

  test.each<[string, (folder: string) => void | Promise<void>, RegExp]>([
    [
      'the folder is missing',
      (folder) => fs.rmSync(folder, { recursive: true }),
      /Cannot read .*ca\.crt \(ENOENT\)/,
    ],
    [
      'the server certificate is missing',
      (folder) => {
        fs.rmSync(pkiPaths(folder).server.certificate);
        fs.rmSync(pkiPaths(folder).server.key);
      },
      /server certificate is missing/,
    ],
    [
      'the server key is missing',
      (folder) => fs.rmSync(pkiPaths(folder).server.key),
      /server\.crt is there but/,
    ],
    [
      'the server key is another one',
      async (folder) => {
        writeKey(pkiPaths(folder).server.key, await generateKey(), { overwrite: true });
      },
      /server\.key does not belong/,
    ],
    [
      'a client certificate is for another identity',
      async (folder) => {
        const { certificate, key } = loadAuthority(folder);
        if (key === undefined) throw new Error('no key');
        const leafKey = await generateKey();
        const identity = { ...ci.identity, generation: 9 };
        const pem = await issueClient(
          { certificate, key },
          { identity, lifetimeDays: 1, now: new Date(), publicKey: leafKey },
        );
        writePair(
          pkiPaths(folder).client(ci.identity),
          { certificatePem: pem, key: leafKey },
          { overwrite: true },
        );
      },
      /ci-1\.crt has the subject "serialNumber=9,CN=ci,O=prod", expected was "serialNumber=1,CN=ci,O=prod"/,
    ],
    [
      'a key is open to others',
      (folder) => fs.chmodSync(pkiPaths(folder).client(ci.identity).key, 0o644),
      /chmod|private key that others/,
    ],
  ])('%s → refused, and nothing is written there', async (_name, spoil, message) => {
    const readOnlyAuthorityDir = await given();
    await spoil(readOnlyAuthorityDir);
    const before = fs.existsSync(readOnlyAuthorityDir) ? snapshot(readOnlyAuthorityDir) : undefined;
    await expect(ensurePki(newFolder(), wanted, { readOnlyAuthorityDir })).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(message) as unknown,
    });
    if (before !== undefined) expect(snapshot(readOnlyAuthorityDir)).toEqual(before);
  });

  test('the own folder as the given one is refused', async () => {
    const folder = await given();
    await expect(ensurePki(folder, wanted, { readOnlyAuthorityDir: folder })).rejects.toThrow(
      /keeps its own certificates/,
    );
  });
});
