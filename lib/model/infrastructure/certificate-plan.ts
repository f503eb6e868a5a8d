import type { StackConfig } from '../../config/schema.ts';
import { distinguishedName, type Identity } from '../../pki/identity.ts';
import { maximumAttributeLength } from '../../pki/profiles.ts';
import { authorityCommonName } from '../authority-name.ts';
import type { Deployment } from '../deployment.ts';
import type { CertificatePlan, LeafLifetime, ServiceCertificatePlan } from './infrastructure.ts';

/**
 * The certificates of a deployment, and who makes which. The health identity lives as long as the server's
 * certificate: an apply that is late for the one is late for both.
 *
 * @param stack the checked configuration that the deployment was resolved from
 */
export function certificatePlan(deployment: Deployment, { pki, services }: StackConfig): CertificatePlan {
  const { stack, certificates, health } = deployment;
  const { server, clients } = certificates;
  return {
    mode: pki.mode,
    organization: stack,
    authorities:
      pki.mode === 'external'
        ? []
        : [authority(pki.caGeneration), ...pki.alsoTrustedCaGenerations.map(authority)],
    directory: pki.directory,
    alsoTrustedDirectories: pki.alsoTrustedDirectories,
    server: {
      commonName: server.serverNames.find((name) => name.length <= maximumAttributeLength),
      dnsNames: server.serverNames,
      addresses: server.addresses,
      ...leafLifetime(server.lifetimeDays),
    },
    services: [...clients].sort(byIdentity).map(({ identity, lifetimeDays }) => {
      const service = services[identity.service];
      const isLatest = identity.generation === service?.generation;
      return servicePlan(identity, lifetimeDays, {
        isLatest,
        request: isLatest ? service.csr : service?.previousCsr,
      });
    }),
    health: servicePlan({ stack, service: health.name, generation: health.generation }, server.lifetimeDays, {
      isLatest: true,
      request: undefined,
    }),
    revoked: deployment.revoked,
    expiryNoticeDays: pki.expiryNoticeDays,
  };

  function authority(generation: number) {
    return {
      generation,
      commonName: authorityCommonName(stack, generation),
      validityHours: pki.caLifetimeDays * 24,
    };
  }
}

function byIdentity(a: { readonly identity: Identity }, b: { readonly identity: Identity }): number {
  if (a.identity.service !== b.identity.service) return a.identity.service < b.identity.service ? -1 : 1;
  return a.identity.generation - b.identity.generation;
}

function servicePlan(
  identity: Identity,
  lifetimeDays: number,
  origin: Pick<ServiceCertificatePlan, 'isLatest' | 'request'>,
): ServiceCertificatePlan {
  return {
    identity,
    distinguishedName: distinguishedName(identity),
    ...leafLifetime(lifetimeDays),
    ...origin,
  };
}

/** A leaf is renewed in the last third of its life, as the kit's own authority does. */
function leafLifetime(lifetimeDays: number): LeafLifetime {
  return { validityHours: lifetimeDays * 24, earlyRenewalHours: lifetimeDays * 8 };
}
