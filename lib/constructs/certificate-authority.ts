import { PrivateKey } from '@cdktf/provider-tls/lib/private-key/index.js';
import { SelfSignedCert } from '@cdktf/provider-tls/lib/self-signed-cert/index.js';
import { Construct } from 'constructs';
import { profiles } from '../pki/profiles.ts';
import { allowedUses, keySettings, wholeSeconds } from './certificate-settings.ts';

export interface CertificateAuthorityProps {
  /** What the machine's list of issued certificates calls it. Default: 1. */
  readonly generation?: number;
  /** O of the subject: the stack whose gateway trusts this CA. A change makes a new CA, and with it every leaf. */
  readonly organization: string;
  /** CN of the subject. A change makes a new CA, and with it every leaf. */
  readonly commonName: string;
  /**
   * How long the CA is valid, in hours. Nothing that it issued is accepted after that, and nothing renews it early:
   * a new CA needs new bundles for every service at the same time.
   */
  readonly validityHours: number;
}

/**
 * A self-signed CA whose key stays in terraform's state: it is on no machine and in no output. The provider cannot
 * say pathLen 0, so that this certificate does not forbid an intermediate CA; the gateway does, with a verify depth of 0.
 */
export class CertificateAuthority extends Construct {
  /** The certificate as PEM, which is no secret. */
  readonly certificatePem: string;
  /** The key as PEM, for the constructs that issue. Sensitive to terraform. */
  readonly privateKeyPem: string;
  readonly generation: number;
  readonly serialNumber: string;
  /** RFC 3339, in whole seconds. */
  readonly notAfter: string;

  constructor(scope: Construct, id: string, props: CertificateAuthorityProps) {
    super(scope, id);
    const key = new PrivateKey(this, 'key', keySettings);
    const certificate = new SelfSignedCert(this, 'certificate', {
      privateKeyPem: key.privateKeyPem,
      subject: [{ organization: props.organization, commonName: props.commonName }],
      isCaCertificate: true,
      setSubjectKeyId: true,
      allowedUses: allowedUses(profiles.ca),
      validityPeriodHours: props.validityHours,
    });
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key.privateKeyPem;
    this.generation = props.generation ?? 1;
    this.serialNumber = certificate.id;
    this.notAfter = wholeSeconds(certificate.validityEndTime);
  }
}

/** Another generation is another construct, so that it gets another key. */
export function certificateAuthorityId(generation: number): string {
  return generation === 1 ? 'authority' : `authority-${generation}`;
}
