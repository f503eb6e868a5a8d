import type { Construct } from 'constructs';
import { requireIdentity } from '../pki/identity.ts';
import { profiles } from '../pki/profiles.ts';
import { LeafCertificate, type LeafCertificateProps } from './leaf-certificate.ts';

export interface ServiceCertificateProps extends LeafCertificateProps {
  /** O of the subject: the stack whose gateway accepts it. */
  readonly stack: string;
  /** CN of the subject: lower-case letters, digits and hyphens, a letter first. */
  readonly service: string;
  /** serialNumber of the subject, from 1. Raising it makes a new key; the gateway accepts this number alone. */
  readonly generation: number;
  /**
   * A certificate request as PEM, whose key stays with whoever made it. The provider copies its subject and its names
   * unseen: check it with `checkRequest` of lib/pki before. Default: terraform makes a key.
   */
  readonly request?: string | undefined;
}

/**
 * The certificate of one service. Its subject holds O, CN and serialNumber in this order, so that nginx prints it as
 * `serialNumber=1,CN=ci,O=production`: the provider writes them so, whatever their order here.
 *
 * @throws {RangeError} for a name or a generation that may not stand in a subject
 */
export class ServiceCertificate extends LeafCertificate {
  /** CN of the subject. */
  readonly service: string;
  /** serialNumber of the subject. */
  readonly generation: number;

  constructor(scope: Construct, props: ServiceCertificateProps) {
    const { stack, service, generation } = requireIdentity(props);
    super(scope, serviceCertificateId(service, generation), {
      ...props,
      profile: profiles.client,
      subject: { organization: stack, commonName: service, serialNumber: String(generation) },
    });
    this.service = service;
    this.generation = generation;
  }
}

/** Another generation is another construct, so that it gets another key. */
export function serviceCertificateId(service: string, generation: number): string {
  return `service-${service}-${generation}`;
}
