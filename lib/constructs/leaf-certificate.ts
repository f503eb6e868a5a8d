import { CertRequest, type CertRequestSubject } from '@cdktf/provider-tls/lib/cert-request/index.js';
import { LocallySignedCert } from '@cdktf/provider-tls/lib/locally-signed-cert/index.js';
import { PrivateKey } from '@cdktf/provider-tls/lib/private-key/index.js';
import { Construct } from 'constructs';
import type { CertificateProfile } from '../pki/profiles.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { allowedUses, keySettings, wholeSeconds } from './certificate-settings.ts';

export interface LeafCertificateProps {
  /** The CA that issues it. */
  readonly authority: CertificateAuthority;
  /** How long it is valid, in hours; not longer than the CA, after whose end nobody accepts it. */
  readonly validityHours: number;
  /**
   * How long before its end an apply renews it, in hours. The key stays. Nothing happens without an apply, so this is
   * the time there is to run one.
   */
  readonly earlyRenewalHours: number;
}

/** What the two kinds of leaf certificates have in common. */
export abstract class LeafCertificate extends Construct {
  /** The certificate as PEM, which is no secret. */
  readonly certificatePem: string;
  /** The key as PEM, sensitive to terraform. Undefined where whoever made the request has it. */
  readonly privateKeyPem: string | undefined;
  /** In decimal digits. */
  readonly serialNumber: string;
  /** RFC 3339, in whole seconds. */
  readonly notAfter: string;
  /** The CA's certificate as PEM, to send along with a bundle. */
  readonly authorityPem: string;

  protected constructor(
    scope: Construct,
    id: string,
    props: LeafCertificateProps & {
      readonly profile: CertificateProfile;
      readonly subject: CertRequestSubject;
      readonly dnsNames?: readonly string[];
      readonly ipAddresses?: readonly string[];
      readonly request?: string | undefined;
    },
  ) {
    super(scope, id);
    const key = props.request === undefined ? new PrivateKey(this, 'key', keySettings) : undefined;
    // The provider takes subject and names from the request alone.
    const request =
      props.request ??
      new CertRequest(this, 'request', {
        privateKeyPem: key?.privateKeyPem ?? '',
        subject: [props.subject],
        ...(props.dnsNames === undefined ? {} : { dnsNames: [...props.dnsNames] }),
        ...(props.ipAddresses === undefined ? {} : { ipAddresses: [...props.ipAddresses] }),
      }).certRequestPem;
    const certificate = new LocallySignedCert(this, 'certificate', {
      certRequestPem: request,
      caCertPem: props.authority.certificatePem,
      caPrivateKeyPem: props.authority.privateKeyPem,
      isCaCertificate: false,
      setSubjectKeyId: true,
      allowedUses: allowedUses(props.profile),
      validityPeriodHours: props.validityHours,
      earlyRenewalHours: props.earlyRenewalHours,
    });
    this.certificatePem = certificate.certPem;
    this.privateKeyPem = key?.privateKeyPem;
    this.serialNumber = certificate.id;
    this.notAfter = wholeSeconds(certificate.validityEndTime);
    this.authorityPem = props.authority.certificatePem;
  }
}
