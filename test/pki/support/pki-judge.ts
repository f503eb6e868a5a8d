import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { PairPaths } from '../../../lib/pki/files.ts';
import type { Pki } from '../../../lib/pki/inventory.ts';
import { openssl, rfc2253Subject } from './openssl.ts';

/** Fails unless openssl finds every certificate of a PKI valid for its purpose and not revoked, with its key and its name. */
export function expectSound(pki: Pki): void {
  const verify = (purpose: string, { certificate }: PairPaths): void => {
    const result = openssl([
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-CAfile',
      pki.ca.certificate,
      ...(pki.ca.crl === undefined ? [] : ['-crl_check', '-CRLfile', pki.ca.crl]),
      certificate,
    ]);
    expect(result.status, result.stderr).toBe(0);
  };
  const ofOnePair = ({ certificate, key }: PairPaths): void => {
    const ofCertificate = openssl(['x509', '-in', certificate, '-noout', '-pubkey']).stdout;
    expect(ofCertificate).toContain('BEGIN PUBLIC KEY');
    expect(openssl(['pkey', '-in', key, '-pubout']).stdout).toBe(ofCertificate);
  };
  if (pki.ca.key !== undefined) ofOnePair({ ...pki.ca, key: pki.ca.key });
  verify('sslserver', pki.server);
  ofOnePair(pki.server);
  for (const client of pki.clients) {
    verify('sslclient', client);
    ofOnePair(client);
    expect(rfc2253Subject(readFileSync(client.certificate, 'latin1'))).toBe(client.distinguishedName);
  }
}
