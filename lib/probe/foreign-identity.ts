import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { clean } from './clean.ts';
import type { Identity } from './target.ts';

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Makes a client certificate that no CA signed, in memory. It carries the name of `model`, a PEM certificate, where one is
 * given: the forgery that a gateway falls for which reads names and does not check who wrote them.
 */
export async function foreignIdentity(
  model?: string,
): Promise<{ readonly identity: Identity; readonly subject: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const name =
    model === undefined
      ? new x509.Name('CN=hardening-probe')
      : new x509.Name(new x509.X509Certificate(model).subjectName.toJSON());
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: name.toJSON(),
      notBefore: new Date(now - dayMs),
      notAfter: new Date(now + dayMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ],
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    identity: { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') },
    // The library has no name for serialNumber, and prints its OID.
    subject: clean(name.toString().replace(/(^|, )2\.5\.4\.5=/g, '$1serialNumber='), 120),
  };
}
