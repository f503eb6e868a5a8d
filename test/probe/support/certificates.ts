import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 24 * 60 * 60 * 1000;

/** Paths of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Dates as days from now. */
export interface Dates {
  readonly fromDays?: number;
  readonly toDays?: number;
}

/** A CA made for one test, which writes what it issues into a folder. */
export interface TestAuthority {
  readonly file: string;
  readonly server: (name: string, subjectAltName: string, dates?: Dates) => Promise<CertificateFiles>;
  readonly client: (name: string, subject: string) => Promise<CertificateFiles>;
}

/** Makes a CA in `folder`, its certificate in `<name>.pem`. */
export async function testAuthority(folder: string, name = 'ca'): Promise<TestAuthority> {
  const caKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const caName = `CN=Probe test ${name}`;
  const ca = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: caName,
      notBefore: new Date(Date.now() - 400 * dayMs),
      notAfter: new Date(Date.now() + 400 * dayMs),
      signingAlgorithm: algorithm,
      keys: caKeys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  );
  const file = join(folder, `${name}.pem`);
  writeFileSync(file, ca.toString('pem'));
  const issue = async (
    fileName: string,
    subject: string,
    extensions: readonly x509.Extension[],
    { fromDays = -1, toDays = 90 }: Dates = {},
  ): Promise<CertificateFiles> => {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject,
        issuer: caName,
        notBefore: new Date(Date.now() + fromDays * dayMs),
        notAfter: new Date(Date.now() + toDays * dayMs),
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: caKeys.privateKey,
        extensions: [...extensions],
      },
      webcrypto,
    );
    const files = { cert: join(folder, `${fileName}.pem`), key: join(folder, `${fileName}.key`) };
    writeFileSync(files.cert, certificate.toString('pem'));
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    writeFileSync(files.key, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), { mode: 0o600 });
    return files;
  };
  return {
    file,
    server: (fileName, subjectAltName, dates) =>
      issue(
        fileName,
        `CN=${subjectAltName}`,
        [
          new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: subjectAltName }]),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        ],
        dates,
      ),
    client: (fileName, subject) =>
      issue(fileName, subject, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
}
