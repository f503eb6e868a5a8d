import type { Construct } from 'constructs';
import { profiles } from '../pki/profiles.ts';
import { LeafCertificate, type LeafCertificateProps } from './leaf-certificate.ts';

export interface ServerCertificateProps extends LeafCertificateProps {
  /** O of the subject: the stack. */
  readonly organization: string;
  /** CN of the subject, for people; clients look at the names below alone (RFC 9525). Default: none. */
  readonly commonName: string | undefined;
  /** The DNS names that clients connect to, in lower case, no wildcard. */
  readonly dnsNames: readonly string[];
  /** The IP addresses that clients connect to. */
  readonly addresses: readonly string[];
}

/** The gateway's own certificate. */
export class ServerCertificate extends LeafCertificate {
  constructor(scope: Construct, id: string, props: ServerCertificateProps) {
    const { organization, commonName, dnsNames, addresses } = props;
    super(scope, id, {
      ...props,
      profile: profiles.server,
      subject: { organization, ...(commonName === undefined ? {} : { commonName }) },
      dnsNames,
      ipAddresses: addresses,
    });
  }
}
