import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../lib/pki/authority.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { pkiPaths } from '../../lib/pki/files.ts';
import { buildCertificate, extensions, signerOf } from '../support/certificate-builder.ts';
import { pem } from '../support/der.ts';
import { forgeries } from '../support/forge.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  testStack,
  type TestGateway,
} from '../support/test-gateway.ts';

/** keyCertSign and cRLSign. */
const signingUsage = 0x06;

/** The same CA, by name and key, with a certificate that says nothing about CAs below it: terraform can make no other. */
function withoutPathLength({ certificate, key }: Authority): Authority {
  const signer = signerOf({ certificate, key });
  const der = buildCertificate({
    subject: signer.name,
    key,
    signer,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    extensions: [
      extensions.basicConstraints(true),
      extensions.keyUsage(signingUsage),
      ...(signer.keyIdentifier === undefined ? [] : [extensions.subjectKeyIdentifier(signer.keyIdentifier)]),
    ],
  });
  return { certificate: new X509Certificate(der), key };
}

describe('a CA that does not forbid others below it', () => {
  let gateway: TestGateway;
  let authority: Authority;

  beforeAll(async () => {
    gateway = await startTestGateway();
    const folder = join(gateway.folder, 'pki');
    const { certificate, key } = loadAuthority(folder);
    if (key === undefined) throw new Error('the CA of the test has no key');
    authority = withoutPathLength({ certificate, key });
    writeFileSync(pkiPaths(folder).ca.certificate, pem('CERTIFICATE', authority.certificate.raw));
    await gateway.replace(testConfiguration);
    expect(loadAuthority(folder).certificate.fingerprint256).toBe(authority.certificate.fingerprint256);
  });
  afterAll(() => gateway.stop());

  const ask = (name: string): Promise<number | undefined> => {
    const victim = { stack: testStack, service: 'ci', generation: 1 };
    const forged = forgeries({ authority, victim }).find((forgery) => forgery.name === name);
    if (forged === undefined) throw new Error(`there is no forgery ${name}`);
    const { chainPem, keyPem } = forged.make();
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ host: '127.0.0.1', port: gateway.port, servername: testServerName, agent: false },
          ...{ path: '/ollama/api/tags', headers: { Host: testServerName } },
          ...{ ca: gateway.ca, cert: chainPem, key: keyPem },
        },
        (response) => response.resume().on('end', () => resolve(response.statusCode)),
      );
      asked.on('error', reject).end();
    });
  };

  test('still lets its own services in', async () => {
    expect(await ask('the genuine certificate')).toBe(200);
  });

  test('lets in nobody through such a CA: the gateway takes what its CA signed itself', async () => {
    expect(await ask('issued by an intermediate CA below ours')).toBe(401);
  });
});
