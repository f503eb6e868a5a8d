import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { issueCrl } from '../../lib/pki/crl.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import type { Authority } from '../../lib/pki/authority.ts';
import type { Site } from '../servers/site.ts';
import { summarise, type Summary } from '../statistics.ts';
import { measureReload, type ReloadResult } from './reload.ts';

/** What a CRL with a number of entries costs to sign, to check and to load. */
export interface CrlResult {
  readonly entries: number;
  readonly sizeKiB: number;
  readonly signMs: Summary;
  /** `openssl verify -crl_check` of one certificate, the start of the program included. */
  readonly verifyMs: Summary;
  readonly reload: ReloadResult;
}

/** Measures with a CRL of that many entries in the place of the site's own, which comes back. */
export async function measureCrl(
  site: Site,
  entries: number,
  upstream: number,
  times: number,
): Promise<CrlResult> {
  const file = site.pki.ca.crl;
  const { certificate, key } = loadAuthority(join(site.folder, 'pki'));
  const client = site.pki.clients[0];
  if (file === undefined || key === undefined || client === undefined) throw new Error('the site has a PKI');
  const before = await readFile(file);
  const { pem, signMs } = await signed({ certificate, key }, entries, times);
  try {
    await writeFile(file, pem);
    const verifyMs = await timed(times, () =>
      promisify(execFile)('openssl', [
        ...['verify', '-crl_check', '-CRLfile', file, '-CAfile', site.pki.ca.certificate],
        client.certificate,
      ]),
    );
    return {
      entries,
      sizeKiB: Buffer.byteLength(pem) / 1024,
      signMs,
      verifyMs,
      reload: await measureReload(site, 1, upstream, times, undefined, `crl-${entries}`),
    };
  } finally {
    await writeFile(file, before);
  }
}

async function signed(
  authority: Authority,
  entries: number,
  times: number,
): Promise<{ readonly pem: string; readonly signMs: Summary }> {
  const now = new Date();
  const revocationDate = new Date(Math.floor(now.getTime() / 1_000) * 1_000);
  // As long as random serial numbers are.
  const first = 1n << 126n;
  const revoked = Array.from({ length: entries }, (_, index) => ({
    serialNumber: first + BigInt(index),
    revocationDate,
  }));
  let pem = '';
  const signMs = await timed(times, async () => {
    pem = await issueCrl(authority, { revoked, number: 1n, now });
  });
  return { pem, signMs };
}

async function timed(times: number, run: () => Promise<unknown>): Promise<Summary> {
  const samples: number[] = [];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    await run();
    samples.push(performance.now() - start);
  }
  return summarise(samples);
}
