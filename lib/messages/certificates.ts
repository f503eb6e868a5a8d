import type { CertificateState } from '../deploy/certificates.ts';

/** Wording of `hardening certificates`. */
export const certificatesText = {
  head: ['certificate', 'generation', 'serial number', 'CA', 'ends in', 'state'],
  kinds: { ca: 'CA', server: 'server', client: '' } satisfies Record<CertificateState['kind'], string>,
  days: (days: number) => (days < 0 ? `${-days} days ago` : days === 1 ? '1 day' : `${days} days`),
  states: {
    valid: 'valid',
    'ends-soon': 'ends soon',
    ended: 'ended',
  } satisfies Record<CertificateState['state'], string>,
  previous: ', until its service has moved',
  /** What to do about a certificate that ends soon or has ended. */
  advice: (kind: CertificateState['kind'], isExternal: boolean) => {
    if (kind === 'ca') return 'the CA: move to another one in three changes, as docs/identities.md shows';
    const issue = isExternal ? 'run `hardening pki issue`, apply' : 'apply';
    return kind === 'server'
      ? `the gateway's certificate: ${issue}`
      : `services' certificates: ${issue}, and hand the bundles over: hardening bundle SERVICE --out DIR`;
  },
  well: (days: number) => `No certificate ends within ${days} days.`,
};
