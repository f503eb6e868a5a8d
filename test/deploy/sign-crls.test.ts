import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../lib/pki/authority.ts';
import { issueCrl } from '../../lib/pki/crl.ts';
import { privateKeyPem } from '../../lib/pki/keys.ts';
import { readCrls } from '../../lib/pki/read-crl.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

// The machine is a stand-in here: an `ssh` that prints what a machine would. The machine tests have the real one.
const program = fileURLToPath(new URL('../../bin/sign-crl.js', import.meta.url));
const authority = await createAuthority({
  commonName: 'box hardening CA',
  organization: 'box',
  lifetimeDays: 400,
  now: new Date(),
});
const upload = '6de3c8b8-5c74-056a-5c21-2ee65b6e188f';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** Signs against a machine that answers so. */
async function sign(
  answer: string,
  given = '',
): Promise<{ status: number; stderr: string; lists: () => Promise<ReturnType<typeof readCrls>> }> {
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  await writeFile(join(folder.path, 'answer'), answer);
  await writeFile(join(bin, 'ssh'), `#!/bin/sh\nexec cat '${join(folder.path, 'answer')}'\n`);
  await chmod(join(bin, 'ssh'), 0o755);
  const request = {
    machine: { address: '192.0.2.10', port: 22, user: 'root', hostKey: 'ssh-ed25519 AAAA', identity: '' },
    upload,
    authorities: [
      { name: '1', certificate: authority.certificate.toString(), key: privateKeyPem(authority.key) },
    ],
    given,
    out: `crl/${upload}.pem`,
  };
  return await new Promise((settle) => {
    execFile(
      process.execPath,
      [program],
      {
        cwd: folder.path,
        env: {
          ...process.env,
          PATH: `${bin}:${process.env['PATH'] ?? ''}`,
          HARDENING_CRL_REQUEST: JSON.stringify(request),
        },
      },
      (error, _stdout, stderr) => {
        settle({
          status: error === null ? 0 : Number(error.code),
          stderr,
          lists: async () => readCrls(await readFile(join(folder.path, request.out), 'utf8'), 'ca.crl'),
        });
      },
    );
  });
}

describe('the step that signs CRLs', () => {
  it('lists what the machine says that a release takes away', async () => {
    const { status, stderr, lists } = await sign('revoke 1 4711 1800000000\nrevoke 1 4712 1800000000\n');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [list, ...others] = await lists();
    expect(list?.entries.map(({ serialNumber }) => serialNumber)).toEqual([4711n, 4712n]);
    expect(others).toEqual([]);
  });

  it('appends the CRLs of other CAs from a file, however large', async () => {
    const other = await createAuthority({
      commonName: 'other',
      organization: 'other',
      lifetimeDays: 400,
      now: new Date(),
    });
    const now = new Date();
    const given = await issueCrl(other, {
      revoked: Array.from({ length: 3_000 }, (_, index) => ({
        serialNumber: 2n ** 150n + BigInt(index),
        revocationDate: now,
      })),
      number: 7n,
      now,
    });
    // More than Linux allows for one variable.
    expect(given.length).toBeGreaterThan(128 * 1024);
    await writeFile(join(folder.path, 'other.crl'), given);
    const { status, lists } = await sign('', 'other.crl');
    expect(status).toBe(0);
    expect((await lists()).map(({ entries }) => entries.length)).toEqual([0, 3_000]);
  });

  it.each([
    ['zero', '0'],
    ['more digits than 20 octets have', '9'.repeat(50)],
    ['so many that reading them takes long', '9'.repeat(1_000_000)],
    ['no number', '-1'],
    ['nothing', ''],
  ])('signs nothing for a machine that names %s as a serial number', async (_what, serial) => {
    const { status, stderr, lists } = await sign(`revoke 1 4711 1800000000\nrevoke 1 ${serial} 1800000000\n`);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^error: 192\.0\.2\.10 names a certificate by what is no serial number, so no CRL was signed\nfix: /,
    );
    await expect(lists()).rejects.toThrow('ENOENT');
  });
});
