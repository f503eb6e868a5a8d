import { generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAuthority, issueClient } from '../../lib/pki/authority.ts';
import { createFolders, pkiPaths, writeCertificate, writePair, type PkiPaths } from '../../lib/pki/files.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { loadAuthority, loadCertificate, loadCertificates, loadKey } from '../../lib/pki/load.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const now = new Date();
const authority = await createAuthority({ commonName: 'CA', organization: 'prod', lifetimeDays: 30, now });
const caPem = authority.certificate.toString();
const identity = { stack: 'prod', service: 'ci', generation: 1 };
const leafKey = await generateKey();
const leafPem = await issueClient(authority, { identity, lifetimeDays: 1, now, publicKey: leafKey });

function folderWithAuthority(): PkiPaths {
  const paths = pkiPaths(join(temporaryFolder(), 'pki'));
  createFolders(paths);
  writePair(paths.ca, { certificatePem: caPem, key: authority.key });
  return paths;
}

describe('loadAuthority', () => {
  test('with its key, it can issue', async () => {
    const { certificate, key } = loadAuthority(folderWithAuthority().root);
    expect(certificate.fingerprint256).toBe(authority.certificate.fingerprint256);
    if (key === undefined) throw new Error('no key');
    const pem = await issueClient(
      { certificate, key },
      { identity, lifetimeDays: 1, now, publicKey: leafKey },
    );
    expect(pem).toContain('BEGIN CERTIFICATE');
  });

  test('without its key, there is none', () => {
    const paths = folderWithAuthority();
    fs.rmSync(paths.ca.key);
    expect(loadAuthority(paths.root).key).toBeUndefined();
  });

  test('with an encrypted key, there is none that could issue; others may not read it all the same', () => {
    const paths = folderWithAuthority();
    fs.writeFileSync(paths.ca.key, encrypted);
    expect(loadAuthority(paths.root).key).toBeUndefined();
    fs.chmodSync(paths.ca.key, 0o644);
    expect(() => loadAuthority(paths.root)).toThrow('is a private key that others');
  });

  const otherKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const encrypted = otherKey
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  test.each<[string, (paths: PkiPaths) => void, RegExp]>([
    ['a missing certificate', ({ ca }) => fs.rmSync(ca.certificate), /^Cannot read .*ca\.crt \(ENOENT\)\.$/],
    [
      'an empty certificate',
      ({ ca }) => fs.writeFileSync(ca.certificate, ''),
      /ca\.crt does not hold a PEM certificate/,
    ],
    [
      'a truncated certificate',
      ({ ca }) => fs.truncateSync(ca.certificate, 300),
      /ca\.crt does not hold a PEM certificate/,
    ],
    [
      'a broken certificate',
      ({ ca }) => fs.writeFileSync(ca.certificate, caPem.replace('MII', 'AAA')),
      /ca\.crt does not hold a PEM certificate/,
    ],
    [
      'a key in place of the certificate',
      ({ ca }) => fs.writeFileSync(ca.certificate, privateKeyPem(otherKey)),
      /ca\.crt does not hold a PEM certificate/,
    ],
    [
      'a leaf in place of the CA',
      ({ ca }) => fs.writeFileSync(ca.certificate, leafPem),
      /ca\.crt is not the certificate of a CA/,
    ],
    ['two CAs', ({ ca }) => fs.writeFileSync(ca.certificate, caPem + caPem), /ca\.crt holds 2 certificates/],
    [
      'another key',
      ({ ca }) => fs.writeFileSync(ca.key, privateKeyPem(otherKey)),
      /ca\.key does not belong to the certificate/,
    ],
    ['an open key', ({ ca }) => fs.chmodSync(ca.key, 0o644), /ca\.key is a private key that others/],
    [
      'a truncated key',
      ({ ca }) => fs.truncateSync(ca.key, 100),
      /ca\.key does not hold an unencrypted PEM private key/,
    ],
    [
      'a key as a symbolic link',
      ({ ca, root }) => {
        fs.renameSync(ca.key, join(root, 'k'));
        fs.symlinkSync(join(root, 'k'), ca.key);
      },
      /ca\.key is a symbolic link/,
    ],
  ])('%s is refused, without a word of the key', (_name, spoil, message) => {
    const paths = folderWithAuthority();
    spoil(paths);
    const secrets = [authority.key, otherKey].map((key) => privateKeyPem(key).split('\n')[1] ?? '');
    try {
      loadAuthority(paths.root);
    } catch (error) {
      expect(error).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) as unknown });
      const { fix, stack, cause } = error as Error & { fix: string };
      const shown = [String(error), fix, stack, String(cause)].join('\n');
      for (const secret of secrets) expect(shown).not.toContain(secret.slice(0, 20));
      return;
    }
    throw new Error('not refused');
  });
});

describe('loadCertificate', () => {
  const paths = (): PkiPaths => {
    const folder = folderWithAuthority();
    writePair(folder.server, { certificatePem: leafPem + caPem, key: leafKey });
    return folder;
  };

  test('reads the first certificate of a chain, and its key', () => {
    const { server } = paths();
    expect(loadCertificate(server, 'server').certificate.subject).toContain('CN=ci');
    expect(loadCertificates(server.certificate)).toHaveLength(2);
  });

  test.each([
    ['nothing', ['certificate', 'key'], /^The server certificate is missing\.$/],
    ['the key alone', ['certificate'], /server\.key is there but .*server\.crt is not/],
    ['the certificate alone', ['key'], /server\.crt is there but .*server\.key is not/],
  ] as const)('%s → what is missing, and where', (_name, removed, message) => {
    const { server } = paths();
    for (const kind of removed) fs.rmSync(server[kind]);
    expect(() => loadCertificate(server, 'server')).toThrow(message);
  });

  test('a chain with the wrong one first does not match its key', () => {
    const { server } = paths();
    writeCertificate(server.certificate, caPem + leafPem, { overwrite: true });
    expect(() => loadCertificate(server, 'server')).toThrow(/does not belong/);
  });
});

test.each([
  ['SEC 1 EC', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey, 'sec1'],
  ['PKCS#1 RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'pkcs1'],
] as const)('a key of a user may be %s PEM', (_name, key, type) => {
  const path = join(temporaryFolder(), 'key');
  fs.writeFileSync(path, key.export({ format: 'pem', type }), { mode: 0o600 });
  expect(loadKey(path).equals(key)).toBe(true);
});
