import { Fn } from 'cdktf/lib/terraform-functions.js';
import type { Construct } from 'constructs';
import type { CertificatePlan } from '../model/infrastructure/infrastructure.ts';
import { CertificateAuthority, certificateAuthorityId } from './certificate-authority.ts';
import type { LeafCertificate } from './leaf-certificate.ts';
import { ServerCertificate } from './server-certificate.ts';
import { ServiceCertificate } from './service-certificate.ts';
import type { CertificateFacts, PrivateKeySource, StackCertificates } from './stack-certificates.ts';
import type { PublicParts } from './public-parts.ts';

/**
 * Makes the CAs and certificates of a plan with terraform's tls provider.
 *
 * @throws {RangeError} for a plan whose CA is elsewhere, and for a request that is missing in `parts`
 */
export function terraformCertificates(
  scope: Construct,
  plan: CertificatePlan,
  parts: PublicParts,
): StackCertificates & {
  readonly authority: CertificateAuthority;
  readonly certificates: ServiceCertificate[];
} {
  const { organization } = plan;
  const authorities = plan.authorities.map(
    (one) =>
      new CertificateAuthority(scope, certificateAuthorityId(one.generation), { ...one, organization }),
  );
  const [authority] = authorities;
  if (authority === undefined) throw new RangeError('the plan has no CA of terraform');
  const server = new ServerCertificate(scope, 'server', { ...plan.server, organization, authority });
  const [health, ...certificates] = [plan.health, ...plan.services].map(
    ({ identity, validityHours, earlyRenewalHours, request }) =>
      new ServiceCertificate(scope, {
        ...identity,
        authority,
        validityHours,
        earlyRenewalHours,
        request: request === undefined ? undefined : requestAt(parts, request),
      }),
  );
  if (health === undefined) throw new RangeError('a plan has a health identity');
  const issued = (certificate: LeafCertificate | CertificateAuthority): CertificateFacts => ({
    authority: String(authority.generation),
    serialNumber: certificate.serialNumber,
    notAfter: certificate.notAfter,
  });
  return {
    authority,
    certificates,
    authoritiesPem: joined([...authorities, ...parts.trusted].map(({ certificatePem }) => certificatePem)),
    authorities: [
      ...authorities.map((one) => ({ ...issued(one), authority: String(one.generation) })),
      ...parts.trusted.map(({ name, serialNumber, notAfter }) => ({
        authority: name,
        serialNumber,
        notAfter,
      })),
    ],
    server: { ...issued(server), certificatePem: server.certificatePem, privateKey: keyOf(server) },
    health: {
      ...issued(health),
      certificatePem: health.certificatePem,
      privateKey: keyOf(health),
      service: health.service,
      generation: health.generation,
    },
    services: certificates.map((certificate, index) => ({
      ...issued(certificate),
      service: certificate.service,
      generation: certificate.generation,
      isLatest: plan.services[index]?.isLatest === true,
      certificatePem: certificate.certificatePem,
      privateKeyPem: certificate.privateKeyPem,
    })),
    crls: {
      signers: authorities.map(({ generation, certificatePem, privateKeyPem }) => ({
        name: String(generation),
        certificatePem,
        privateKeyPem,
      })),
      given: parts.trusted.map(({ crlPem }) => crlPem ?? '').join(''),
    },
  };
}

/** Texts that terraform puts together: where the kit does, the engine warns of each function that gets the result. */
function joined(texts: readonly string[]): string {
  const [only = '', ...more] = texts;
  return more.length === 0 ? only : Fn.join('', [...texts]);
}

function requestAt({ requests }: PublicParts, path: string): string {
  const request = requests.get(path);
  if (request === undefined) throw new RangeError(`the request ${path} was not read`);
  return request;
}

function keyOf({ privateKeyPem }: LeafCertificate): PrivateKeySource {
  if (privateKeyPem === undefined) throw new RangeError('a machine needs the key of its certificate');
  return { content: privateKeyPem };
}
