import { probe, type ProbeReport } from '../probe/index.ts';
import { sandboxText } from '../messages/sandbox.ts';
import type { Deployment, Service } from '../model/deployment.ts';
import type { SandboxDescription } from './sandbox-description.ts';

/** How many requests the probe's burst has, and with refills how large a configured burst it can see the end of. */
const tellingBurst = 30;

/**
 * Probes the sandbox's gateway from outside and with the identity of a service. Only the gateway's ports are tried:
 * what else listens on this machine is not the gateway's.
 *
 * @throws the reason of `ending` where that came first
 */
export async function sandboxVerdict(
  description: SandboxDescription,
  deployment: Deployment,
  onProgress: (text: string) => void,
  ending: AbortSignal,
): Promise<ProbeReport> {
  const service = serviceToProbe(deployment);
  const identity = service && description.identities[service.name];
  const report = await probe(
    {
      host: description.gateway.address,
      gatewayPort: description.gateway.port,
      plainPort: description.plain?.port ?? null,
      serverName: description.gateway.serverName,
      ca: description.ca.certificate,
      ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
      onlyGateway: true,
      acknowledged: asConfigured(deployment, service),
    },
    onProgress,
    ending,
  );
  ending.throwIfAborted();
  return description.upstream.kind === 'given' ? withGivenUpstream(report, description.upstream.url) : report;
}

/** What the probe says of Ollama on a machine, said of the upstream that was given here. */
function withGivenUpstream(report: ProbeReport, url: string): ProbeReport {
  return {
    ...report,
    findings: report.findings.map((finding) =>
      finding.id === 'upstream-unavailable'
        ? { ...finding, ...sandboxText.upstreamUnavailable(url) }
        : finding,
    ),
  };
}

/**
 * What is no finding here, since this machine or the configuration is so: the post-quantum group is the target's to
 * offer, and a large burst is what was asked for.
 */
function asConfigured({ gateway }: Deployment, service: Service | undefined): Record<string, string> {
  const burst = Math.min(gateway.perAddress.burst, service?.limitSet.burst ?? Infinity);
  return {
    ...(gateway.tls.keyExchangeGroups.some((group) => group.includes('MLKEM'))
      ? {}
      : { 'no-post-quantum-key-exchange': sandboxText.olderOpenSsl }),
    ...(burst < tellingBurst ? {} : { 'no-rate-limit': sandboxText.largeBurst(burst) }),
  };
}

/** A service that may do what the probe tries as a client; without one, only the stranger's side is judged. */
function serviceToProbe({ services }: Deployment): Service | undefined {
  const may = ({ grants }: Service, ...any: string[]): boolean => any.some((grant) => grants.includes(grant));
  return services.find(
    (service) => may(service, 'read', 'GET:/api/version') && may(service, 'inference', 'POST:/api/generate'),
  );
}
