import { distinguishedName, type Identity } from '../../pki/identity.ts';
import { maximumAttributeLength } from '../../pki/profiles.ts';
import type { Deployment } from '../deployment.ts';
import type { CertificatePlan, LeafLifetime, ServiceCertificatePlan } from './infrastructure.ts';

/**
 * The certificates of a deployment as terraform's tls provider issues them. The health identity lives as long as the
 * server's certificate: an apply that is late for the one is late for both.
 */
export function certificatePlan({ stack, certificates, health }: Deployment): CertificatePlan {
  const { ca, server, clients } = certificates;
  return {
    organization: stack,
    ca: { commonName: ca.commonName, validityHours: ca.lifetimeDays * 24 },
    server: {
      commonName: server.serverNames.find((name) => name.length <= maximumAttributeLength),
      dnsNames: server.serverNames,
      addresses: server.addresses,
      ...leafLifetime(server.lifetimeDays),
    },
    services: [...clients]
      .sort((a, b) => (a.identity.service < b.identity.service ? -1 : 1))
      .map(({ identity, lifetimeDays }) => servicePlan(identity, lifetimeDays)),
    health: servicePlan({ stack, service: health.name, generation: health.generation }, server.lifetimeDays),
  };
}

function servicePlan(identity: Identity, lifetimeDays: number): ServiceCertificatePlan {
  return { identity, distinguishedName: distinguishedName(identity), ...leafLifetime(lifetimeDays) };
}

/** A leaf is renewed in the last third of its life, as the kit's own authority does. */
function leafLifetime(lifetimeDays: number): LeafLifetime {
  return { validityHours: lifetimeDays * 24, earlyRenewalHours: lifetimeDays * 8 };
}
