import * as x509 from './x509.ts';

/**
 * The AuthorityKeyIdentifier of what a CA signs: what its own certificate calls its key, or the usual hash of the key
 * where it says nothing (RFC 5280, 4.2.1.2).
 */
export async function authorityKeyIdentifier(issuer: x509.X509Certificate): Promise<x509.Extension> {
  const own = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return own === undefined
    ? await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)
    : new x509.AuthorityKeyIdentifierExtension(own);
}
