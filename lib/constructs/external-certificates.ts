import type { CertificatePlan } from '../model/infrastructure/infrastructure.ts';
import type { PublicCertificate } from '../pki/external.ts';
import type { PublicParts } from './public-parts.ts';
import type { CertificateFacts, StackCertificates } from './stack-certificates.ts';

/**
 * The certificates of a plan whose CA is a folder. Terraform makes nothing; the two keys that the machine needs are
 * read from their files when a release is brought, and are in no state.
 *
 * @throws {RangeError} for a certificate that is missing in `parts`
 */
export function externalCertificates(plan: CertificatePlan, parts: PublicParts): StackCertificates {
  const { external, trusted } = parts;
  if (external === undefined) throw new RangeError('the folder of the CA was not read');
  const issued = ({ serialNumber, notAfter }: PublicCertificate): CertificateFacts => ({
    authority: external.name,
    serialNumber,
    notAfter,
  });
  const key = (name: string) => ({ file: `${external.secretsDirectory}/${name}.key` });
  const { server, health } = external;
  const { service, generation } = plan.health.identity;
  return {
    authoritiesPem: [external, ...trusted].map(({ certificatePem }) => certificatePem).join(''),
    authorities: [external, ...trusted].map(({ name, serialNumber, notAfter }) => ({
      authority: name,
      serialNumber,
      notAfter,
    })),
    server: { ...issued(server), certificatePem: server.certificatePem, privateKey: key('server') },
    health: {
      ...issued(health),
      certificatePem: health.certificatePem,
      privateKey: key(`${service}-${generation}`),
      service,
      generation,
    },
    services: plan.services.map(({ identity, isLatest }) => {
      const name = `${identity.service}-${identity.generation}`;
      const certificate = external.services.get(name);
      if (certificate === undefined) throw new RangeError(`the certificate ${name} was not read`);
      return {
        ...issued(certificate),
        service: identity.service,
        generation: identity.generation,
        isLatest,
        certificatePem: certificate.certificatePem,
        privateKeyPem: undefined,
      };
    }),
    crls: { signers: [], given: [external, ...trusted].map(({ crlPem }) => crlPem ?? '').join('') },
  };
}
