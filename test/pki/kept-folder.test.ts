import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  encryptKey,
  isEncryptedKey,
  loadEncryptedKey,
  mostPassphraseBytes,
} from '../../lib/pki/encrypted-key.ts';
import { pkiPaths } from '../../lib/pki/files.ts';
import { readIndex } from '../../lib/pki/issue-index.ts';
import { issueDue, signRequest } from '../../lib/pki/issuing.ts';
import { initFolder, keptFolder, whileLocked } from '../../lib/pki/kept-folder.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { readCrls, verifyCrl } from '../../lib/pki/read-crl.ts';
import { makeRequest } from '../../lib/pki/request.ts';
import { revokeInIndex, signFolderCrl } from '../../lib/pki/revoking.ts';
import { serialNumberOf } from '../../lib/pki/serial-number.ts';
import { client, freshKeptPki, newKeptPki, passphrase, wanted, type KeptPki } from './support/kept-pki.ts';
import { openssl } from './support/openssl.ts';
import { temporaryFiles, temporaryFolder } from './support/temporary-folder.ts';

const dayMs = 24 * 60 * 60 * 1000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);
const mode = (path: string): string => (fs.statSync(path).mode & 0o777).toString(8);
const read = (path: string): string => fs.readFileSync(path, 'utf8');
const never = (): Promise<never> => Promise.reject(new Error('the passphrase was asked for'));
const issueAll = ({ paths, unlock }: KeptPki, change: object = {}, now = new Date()) =>
  issueDue(paths, { ...wanted, ...change }, unlock, now);
const outcomes = async (results: Promise<readonly { name: string; outcome: string }[]>) =>
  Object.fromEntries((await results).map(({ name, outcome }) => [name, outcome]));

/** What openssl says of a certificate under the folder's CA and its revocation list. */
function judge({ paths }: KeptPki, certificate: string, purpose = 'sslclient'): string {
  const result = openssl([
    'verify',
    '-x509_strict',
    '-purpose',
    purpose,
    '-crl_check',
    '-CRLfile',
    paths.crl,
    '-CAfile',
    paths.ca.certificate,
    certificate,
  ]);
  return result.status === 0
    ? 'OK'
    : (/error \d+ at \d+ depth lookup: (.*)/.exec(result.stderr)?.[1] ?? result.stderr);
}

describe('an encrypted key', () => {
  test('is read by openssl and Node with the passphrase, and by neither with another', async () => {
    const key = await generateKey();
    const encrypted = await encryptKey(key, passphrase);
    const { file, good, bad } = temporaryFiles({ file: encrypted, good: passphrase, bad: 'another' });
    expect(isEncryptedKey(encrypted)).toBe(true);
    expect(openssl(['pkey', '-in', file, '-passin', `file:${good}`]).stdout).toBe(privateKeyPem(key));
    expect(openssl(['pkey', '-in', file, '-passin', `file:${bad}`]).status).not.toBe(0);
    expect(privateKeyPem(createPrivateKey({ key: encrypted, passphrase }))).toBe(privateKeyPem(key));
    expect(privateKeyPem(loadEncryptedKey(file, passphrase))).toBe(privateKeyPem(key));
    expect(() => loadEncryptedKey(file, 'another')).toThrow('cannot be decrypted');
  });

  test('is PBES2 with 600,000 iterations of HMAC-SHA256 and AES-256-CBC, as openssl parses it', async () => {
    const shown = openssl(['asn1parse'], await encryptKey(await generateKey(), passphrase)).stdout;
    for (const part of [':PBES2', ':PBKDF2', ':0927C0', ':hmacWithSHA256', ':aes-256-cbc']) {
      expect(shown).toContain(part);
    }
  });

  test('has another salt and another text each time, and works with a passphrase beyond ASCII', async () => {
    const key = await generateKey();
    const [one, two] = [await encryptKey(key, 'pässwörter 鍵'), await encryptKey(key, 'pässwörter 鍵')];
    expect(one).not.toBe(two);
    const { file } = temporaryFiles({ file: one });
    expect(privateKeyPem(loadEncryptedKey(file, 'pässwörter 鍵'))).toBe(privateKeyPem(key));
  });

  test('takes the longest passphrase that Node reads a key with, and none that is longer', async () => {
    const key = await generateKey();
    const longest = 'x'.repeat(mostPassphraseBytes);
    const encrypted = await encryptKey(key, longest);
    expect(privateKeyPem(createPrivateKey({ key: encrypted, passphrase: longest }))).toBe(privateKeyPem(key));
    await expect(encryptKey(key, `${longest}x`)).rejects.toThrow(RangeError);
  });

  test('an unencrypted one, and one that others may read, are refused', async () => {
    const key = await generateKey();
    const { plain, open } = temporaryFiles({
      plain: privateKeyPem(key),
      open: await encryptKey(key, passphrase),
    });
    expect(() => loadEncryptedKey(plain, passphrase)).toThrow('does not hold an encrypted PEM private key');
    fs.chmodSync(open, 0o640);
    expect(() => loadEncryptedKey(open, passphrase)).toThrow('others than its owner may use');
  });
});

describe('init', () => {
  test('makes a CA with an encrypted key, an empty list and an empty index', async () => {
    const { paths } = await freshKeptPki();
    expect(mode(paths.root)).toBe('700');
    expect(mode(paths.secrets)).toBe('700');
    expect(mode(paths.ca.key)).toBe('600');
    expect(read(paths.ca.key)).toContain('ENCRYPTED PRIVATE KEY');
    expect(readIndex(paths.index)).toEqual({ stack: 'prod', crlNumber: '1', certificates: [] });
    const authority = new X509Certificate(read(paths.ca.certificate));
    expect(authority.subject).toMatch(/^O=prod\nCN=prod hardening CA [0-9a-f]{8}$/);
    const [crl] = readCrls(read(paths.crl), 'ca.crl');
    expect(crl !== undefined && verifyCrl(crl, authority)).toBe(true);
    expect(fs.readdirSync(paths.root).sort()).toEqual(['certs', 'index.json', 'secrets']);
  });

  test('refuses a folder that has one', async () => {
    const { directory, paths } = await freshKeptPki();
    const before = read(paths.ca.certificate);
    const again = initFolder(directory, { stack: 'prod', lifetimeDays: 10, passphrase, now: new Date() });
    await expect(again).rejects.toThrow('has a CA already');
    expect(read(paths.ca.certificate)).toBe(before);
  });

  test.each(['ca.key', 'ca.crt', 'ca.crl'] as const)(
    'completes a run that was killed after %s',
    async (last) => {
      const { directory, paths, unlock } = await freshKeptPki();
      const key = privateKeyPem((await unlock()).key);
      fs.rmSync(paths.index);
      if (last !== 'ca.crl') fs.rmSync(paths.crl);
      if (last === 'ca.key') fs.rmSync(paths.ca.certificate);
      const request = { stack: 'prod', lifetimeDays: 1000, passphrase, now: new Date() };
      await expect(initFolder(directory, { ...request, passphrase: 'another passphrase' })).rejects.toThrow(
        'decrypted',
      );
      await initFolder(directory, request);
      expect(privateKeyPem((await unlock()).key)).toBe(key);
      expect(readIndex(paths.index).certificates).toEqual([]);
    },
  );

  test('does not begin an index anew where certificates were issued', async () => {
    const kept = await freshKeptPki();
    await issueAll(kept);
    fs.rmSync(kept.paths.index);
    const again = initFolder(kept.directory, {
      stack: 'prod',
      lifetimeDays: 10,
      passphrase,
      now: new Date(),
    });
    await expect(again).rejects.toThrow('index.json is missing, and there are certificates');
    expect(() => keptFolder(kept.directory)).toThrow('this is no folder of hardening pki');
  });
});

describe('issue', () => {
  test('issues everything once, then asks for no passphrase and changes nothing', async () => {
    const kept = await newKeptPki();
    expect(await outcomes(issueAll(kept))).toEqual({
      server: 'issued',
      'health-1': 'issued',
      'ci-1': 'issued',
      'review-3': 'issued',
    });
    const { paths } = kept;
    expect(judge(kept, paths.server.certificate, 'sslserver')).toBe('OK');
    for (const name of ['health-1', 'ci-1', 'review-3']) {
      expect(judge(kept, join(paths.certificates, `${name}.crt`))).toBe('OK');
      expect(mode(join(paths.secrets, `${name}.key`))).toBe('600');
    }
    const before = read(paths.index);
    expect(new Set(Object.values(await outcomes(issueDue(paths, wanted, never, new Date()))))).toEqual(
      new Set(['kept']),
    );
    expect(read(paths.index)).toBe(before);
  });

  test('issues only what is missing or due, and a renewed certificate keeps its key', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    const key = read(kept.paths.client(client('ci').identity).key);
    const clients = [client('ci', 1, 60), client('review', 3), client('dashboard')];
    expect(await outcomes(issueAll(kept, { clients }))).toEqual({
      server: 'kept',
      'health-1': 'kept',
      'ci-1': 'renewed',
      'review-3': 'kept',
      'dashboard-1': 'issued',
    });
    expect(read(kept.paths.client(client('ci').identity).key)).toBe(key);
    expect(new Set(Object.values(await outcomes(issueAll(kept, { clients }, inDays(61)))))).toEqual(
      new Set(['renewed']),
    );
    const server = { ...wanted.server, serverNames: ['other.example.test'] };
    expect(await outcomes(issueAll(kept, { clients, server }, inDays(61)))).toMatchObject({
      server: 'renewed',
      'ci-1': 'kept',
    });
  });

  test('a certificate by request is renewed with the key that is elsewhere', async () => {
    const kept = await newKeptPki();
    const key = await generateKey();
    const text = makeRequest(client('ci').identity, key);
    const request = { text, source: 'ci.csr.pem', ...client('ci'), now: new Date() };
    const path = await signRequest(kept.paths, request, kept.unlock);
    expect(judge(kept, path)).toBe('OK');
    expect(await outcomes(issueAll(kept))).toMatchObject({ 'ci-1': 'kept', 'review-3': 'issued' });
    expect(await outcomes(issueAll(kept, {}, inDays(70)))).toMatchObject({ 'ci-1': 'renewed' });
    expect(new X509Certificate(read(path)).checkPrivateKey(key)).toBe(true);
    expect(fs.existsSync(kept.paths.client(client('ci').identity).key)).toBe(false);
  });

  test('a run that was killed after the index is completed, and the certificate it lost can be revoked', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    const { certificate } = kept.paths.client(client('ci').identity);
    const lost = join(temporaryFolder(), 'lost.crt');
    fs.renameSync(certificate, lost);
    expect(await outcomes(issueAll(kept))).toMatchObject({ 'ci-1': 'issued', 'review-3': 'kept' });
    await revokeInIndex(kept.paths, { service: 'ci', reason: 'unspecified', now: new Date() });
    await signFolderCrl(kept.paths, await kept.unlock(), { now: new Date() });
    expect(judge(kept, lost)).toBe('certificate revoked');
    expect(judge(kept, certificate)).toBe('certificate revoked');
  });

  test('a revoked identity is not issued again, and the message names the next generation', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    await revokeInIndex(kept.paths, {
      service: 'review',
      generation: 3,
      reason: 'keyCompromise',
      now: new Date(),
    });
    await expect(issueAll(kept)).rejects.toThrow('review 3 was revoked');
    await expect(issueAll(kept)).rejects.toMatchObject({
      fix: expect.stringContaining('generation to 4') as string,
    });
    expect(await outcomes(issueAll(kept, { clients: [client('review', 4)] }))).toMatchObject({
      'review-4': 'issued',
    });
    const text = makeRequest(client('review', 3).identity, await generateKey());
    const request = { text, source: 'x', ...client('review', 3), now: new Date() };
    await expect(signRequest(kept.paths, request, never)).rejects.toThrow('review 3 was revoked');
  });

  test.each([
    ['the gateway', undefined, 'server'],
    ['the health identity', 'health', 'health-1'],
  ] as const)('%s gets another key where its own was revoked', async (_name, service, name) => {
    const kept = await newKeptPki();
    await issueAll(kept);
    const [certificate, key] = [
      join(kept.paths.certificates, `${name}.crt`),
      join(kept.paths.secrets, `${name}.key`),
    ];
    const before = { certificate: join(temporaryFolder(), 'old.crt'), key: read(key) };
    fs.copyFileSync(certificate, before.certificate);
    await revokeInIndex(kept.paths, { service, reason: 'keyCompromise', now: new Date() });
    expect(await outcomes(issueAll(kept))).toMatchObject({ [name]: 'renewed', 'ci-1': 'kept' });
    expect(read(key)).not.toBe(before.key);
    await signFolderCrl(kept.paths, await kept.unlock(), { now: new Date() });
    const purpose = service === undefined ? 'sslserver' : 'sslclient';
    expect(judge(kept, certificate, purpose)).toBe('OK');
    expect(judge(kept, before.certificate, purpose)).toBe('certificate revoked');
  });

  test('two processes at once issue one certificate each time', async () => {
    const kept = await newKeptPki();
    await Promise.all([issueAll(kept), issueAll(kept), issueAll(kept)]);
    const index = readIndex(kept.paths.index);
    expect(index.certificates).toHaveLength(4);
    for (const { serialNumber } of index.certificates) expect(serialNumber).toMatch(/^[0-9]+$/);
    expect(serialNumberOf(new X509Certificate(read(kept.paths.server.certificate)))).toBe(
      BigInt(index.certificates[0]?.serialNumber ?? '0'),
    );
  });
});

describe('sign refuses', () => {
  const sign = async (kept: KeptPki, service: string, generation: number, text: string) =>
    signRequest(
      kept.paths,
      { text, source: 'x.csr.pem', ...client(service, generation), now: new Date() },
      kept.unlock,
    );

  test('the key of another service, and of another generation', async () => {
    const kept = await newKeptPki();
    const key = await generateKey();
    await sign(kept, 'ci', 1, makeRequest(client('ci').identity, key));
    await expect(sign(kept, 'review', 1, makeRequest(client('review').identity, key))).rejects.toThrow(
      'that of ci-1 too',
    );
    await expect(sign(kept, 'ci', 2, makeRequest(client('ci', 2).identity, key))).rejects.toThrow(
      'that of ci-1 too',
    );
    await sign(kept, 'ci', 1, makeRequest(client('ci').identity, key));
    expect(readIndex(kept.paths.index).certificates).toHaveLength(2);
  });

  test('another key for an identity that has one', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    const text = makeRequest(client('ci').identity, await generateKey());
    await expect(sign(kept, 'ci', 1, text)).rejects.toThrow(
      'another key than the running certificate of ci 1',
    );
  });

  test('a request for another identity, before a passphrase is asked for', async () => {
    const kept = await newKeptPki();
    const text = makeRequest(client('ci').identity, await generateKey());
    const request = { text, source: 'x', ...client('review'), now: new Date() };
    await expect(signRequest(kept.paths, request, never)).rejects.toThrow('asks for the subject');
  });
});

describe('the revocation list', () => {
  const crlOf = ({ paths }: KeptPki) => readCrls(read(paths.crl), 'ca.crl')[0];

  test('has what was revoked, with date and reason, and its number grows', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    const now = new Date();
    await revokeInIndex(kept.paths, { service: 'ci', reason: 'keyCompromise', now });
    expect(judge(kept, kept.paths.client(client('ci').identity).certificate)).toBe('OK');
    const authority = await kept.unlock();
    expect(await signFolderCrl(kept.paths, authority, { now })).toMatchObject({
      number: 2n,
      entries: 1,
      marked: [],
    });
    expect(judge(kept, kept.paths.client(client('ci').identity).certificate)).toBe('certificate revoked');
    expect(judge(kept, kept.paths.client(client('review', 3).identity).certificate)).toBe('OK');
    expect(crlOf(kept)?.entries[0]?.reason).toBe('keyCompromise');
    await signFolderCrl(kept.paths, authority, { now: inDays(1) });
    expect(crlOf(kept)?.number).toBe(3n);
  });

  test('a second revocation keeps the first date and reason', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    await revokeInIndex(kept.paths, { service: 'ci', reason: 'keyCompromise', now: new Date() });
    const before = read(kept.paths.index);
    expect(await revokeInIndex(kept.paths, { service: 'ci', reason: 'superseded', now: inDays(1) })).toEqual(
      [],
    );
    expect(read(kept.paths.index)).toBe(before);
  });

  test('has everything that the configuration does not let in, with why', async () => {
    const kept = await newKeptPki();
    await issueAll(kept);
    await issueAll(kept, { clients: [client('review', 4)] });
    const accepted = [wanted.health, client('review', 4)].map(({ identity }) => identity);
    const { marked } = await signFolderCrl(kept.paths, await kept.unlock(), { accepted, now: new Date() });
    expect(marked.map(({ service, generation, revoked }) => [service, generation, revoked?.reason])).toEqual([
      ['review', 3, 'superseded'],
      ['ci', 1, 'cessationOfOperation'],
    ]);
    expect(judge(kept, kept.paths.client(client('review', 4).identity).certificate)).toBe('OK');
    expect(judge(kept, kept.paths.client(client('review', 3).identity).certificate)).toBe(
      'certificate revoked',
    );
  });

  test('leaves a generation that is above the configured one alone: it comes later', async () => {
    const kept = await newKeptPki();
    await issueAll(kept, { clients: [client('ci', 1), client('ci', 2)] });
    const accepted = [wanted.health.identity, client('ci', 1).identity];
    const { marked } = await signFolderCrl(kept.paths, await kept.unlock(), { accepted, now: new Date() });
    expect(marked).toEqual([]);
    expect(judge(kept, kept.paths.client(client('ci', 2).identity).certificate)).toBe('OK');
  });

  test('leaves out what has ended, and keeps entries that an older index does not know', async () => {
    const kept = await newKeptPki();
    const older = read(kept.paths.index);
    await issueAll(kept);
    const authority = await kept.unlock();
    await revokeInIndex(kept.paths, { service: 'ci', reason: 'unspecified', now: new Date() });
    await signFolderCrl(kept.paths, authority, { now: new Date() });
    const index = read(kept.paths.index);
    fs.writeFileSync(kept.paths.index, older);
    expect(await signFolderCrl(kept.paths, authority, { now: new Date() })).toMatchObject({
      number: 3n,
      entries: 1,
    });
    fs.writeFileSync(kept.paths.index, index);
    expect(await signFolderCrl(kept.paths, authority, { now: inDays(91) })).toMatchObject({
      number: 4n,
      entries: 0,
    });
  });

  test('nothing was issued: nothing is revoked', async () => {
    const kept = await newKeptPki();
    const revoke = revokeInIndex(kept.paths, { service: 'ci', reason: 'unspecified', now: new Date() });
    await expect(revoke).rejects.toThrow('No certificate was ever issued for ci.');
  });
});

test.each([
  ['a process that died', '4194304'],
  ['a run with this one’s number, as process 1 of a container', String(process.pid)],
])('a lock of %s is taken over; nothing is left of it', async (_name, pid) => {
  const { paths } = await newKeptPki();
  fs.writeFileSync(join(paths.root, 'lock'), `${pid}\n`);
  expect(await whileLocked(paths.root, () => Promise.resolve('done'))).toBe('done');
  await expect(whileLocked(paths.root, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(fs.readdirSync(paths.root).sort()).toEqual(['certs', 'index.json', 'secrets']);
});

test('a lock that this process has is waited for, by whatever path', async () => {
  const { paths } = await newKeptPki();
  const link = join(temporaryFolder(), 'link');
  fs.symlinkSync(paths.root, link);
  const order: string[] = [];
  await Promise.all(
    [paths.root, link].map((folder) =>
      whileLocked(folder, async () => {
        order.push('begins');
        await sleep(100);
        order.push('ends');
      }),
    ),
  );
  expect(order).toEqual(['begins', 'ends', 'begins', 'ends']);
});

test('a lock of a process that runs names the file, for whoever knows better', async () => {
  const { paths } = await newKeptPki();
  const lock = join(paths.root, 'lock');
  fs.writeFileSync(lock, `${process.ppid}\n`);
  await expect(whileLocked(paths.root, () => Promise.resolve())).rejects.toMatchObject({
    message: expect.stringContaining(`Process ${process.ppid} works in ${paths.root}`) as string,
    fix: expect.stringContaining(`rm ${lock}`) as string,
  });
}, 20_000);

test.each([
  ['no JSON', 'x', 'it is not JSON'],
  ['another shape', '{"stack":"prod"}', 'crlNumber'],
])('an index with %s is refused', async (_name, text, what) => {
  const { paths } = await newKeptPki();
  fs.writeFileSync(paths.index, text);
  expect(() => readIndex(paths.index)).toThrow(what);
  expect(pkiPaths(paths.root).index).toBe(paths.index);
});
