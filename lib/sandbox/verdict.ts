import { probe, type ProbeReport } from '../probe/index.ts';
import type { Deployment } from '../model/deployment.ts';
import type { SandboxDescription } from './sandbox-description.ts';

/** The post-quantum group is the target's to offer; where this machine's OpenSSL lacks it, that is no finding. */
const olderOpenSsl = "this machine's OpenSSL has no X25519MLKEM768; on Debian 13 the gateway offers it first";

/**
 * Probes the sandbox's gateway from outside and with the identity of a service. Only the gateway's ports are tried:
 * what else listens on this machine is not the gateway's.
 */
export async function sandboxVerdict(
  description: SandboxDescription,
  deployment: Deployment,
  onProgress: (text: string) => void,
): Promise<ProbeReport> {
  const identity = identityToProbe(description, deployment);
  const hasHybrid = deployment.gateway.tls.keyExchangeGroups.some((group) => group.includes('MLKEM'));
  return probe(
    {
      host: description.gateway.address,
      gatewayPort: description.gateway.port,
      plainPort: description.plain?.port ?? null,
      serverName: description.gateway.serverName,
      ca: description.ca.certificate,
      ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
      onlyGateway: true,
      acknowledged: hasHybrid ? {} : { 'no-post-quantum-key-exchange': olderOpenSsl },
    },
    onProgress,
  );
}

/** A service that may both read and infer shows the most; else the first there is. */
function identityToProbe(
  { identities }: SandboxDescription,
  { services }: Deployment,
): SandboxDescription['identities'][string] | undefined {
  const full = services.find(({ grants }) => grants.includes('read') && grants.includes('inference'));
  const name = (full ?? services[0])?.name;
  return name === undefined ? undefined : identities[name];
}
