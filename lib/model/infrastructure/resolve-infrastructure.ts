import type { StackConfig } from '../../config/schema.ts';
import { networksOfFamily } from '../../config/values.ts';
import type { Deployment } from '../deployment.ts';
import { metricsAgentUser } from '../machine/users.ts';
import { acknowledgedRisks } from './acknowledged-risks.ts';
import { certificatePlan } from './certificate-plan.ts';
import { dropletSshPort, inboundRules, outboundRules } from './firewall-rules.ts';
import type {
  Alert,
  Bootstrap,
  DropletTarget,
  HostTarget,
  Infrastructure,
  StatePlan,
} from './infrastructure.ts';

type DigitalOcean = NonNullable<StackConfig['target']['digitalocean']>;

/** DigitalOcean's images of the supported distributions (`doctl compute image list-distribution`, read 2026-11-24). */
const images: Readonly<Record<StackConfig['target']['distribution'], string>> = {
  'debian-12': 'debian-12-x64',
  'debian-13': 'debian-13-x64',
  'ubuntu-24.04': 'ubuntu-24-04-x64',
};

/** An existing machine answers at once, or something is wrong. */
const hostTimeoutSeconds = 30;
/** A new droplet takes a minute or two until its first boot has let SSH start. */
const dropletTimeoutSeconds = 300;

/**
 * Decides what terraform makes for a stack. Pure: the same arguments give an equal result.
 *
 * @param stack the checked configuration that `deployment` was resolved from
 */
export function resolveInfrastructure(deployment: Deployment, stack: StackConfig): Infrastructure {
  const { ssh } = stack;
  return {
    stack: deployment.stack,
    target: hostTarget(stack) ?? dropletTarget(deployment.stack, stack),
    certificates: certificatePlan(deployment, stack),
    state: statePlan(deployment.stack, stack.terraformState),
    acknowledged: acknowledgedRisks(stack),
    otherServices: {
      inbound: stack.firewall.additionalInbound,
      outboundUsers: stack.firewall.outboundUsers,
    },
    ssh: {
      sources: ssh.sources,
      everywhereReason: ssh.everywhereReason,
      administrators: Object.keys(ssh.adminKeys).sort(),
    },
  };
}

function hostTarget({ target }: StackConfig): HostTarget | undefined {
  const { host, distribution } = target;
  if (host === undefined) return undefined;
  return {
    kind: 'host',
    distribution,
    address: host.address,
    hostKey: host.hostKey,
    connection: { user: host.user, port: host.port, timeoutSeconds: hostTimeoutSeconds },
  };
}

function dropletTarget(name: string, stack: StackConfig): DropletTarget | undefined {
  const { digitalocean, distribution } = stack.target;
  if (digitalocean === undefined) return undefined;
  const { region, size, project, reservedIp, monitoring, backups, modelsVolumeGiB, apiEndpoint } =
    digitalocean;
  return {
    kind: 'digitalocean',
    distribution,
    name,
    resourceName: `hardening-${name}`,
    image: images[distribution],
    region,
    size,
    project,
    hasReservedIp: reservedIp,
    hasMonitoring: monitoring,
    hasBackups: backups,
    modelsVolumeGiB,
    apiEndpoint,
    inbound: inboundRules(stack),
    outbound: outboundRules,
    alerts: alerts(name, digitalocean),
    bootstrap: bootstrap(stack, monitoring),
    connection: { user: stack.ssh.adminUser, port: dropletSshPort, timeoutSeconds: dropletTimeoutSeconds },
  };
}

function alerts(name: string, { alertEmails }: DigitalOcean): Alert[] {
  if (alertEmails.length === 0) return [];
  const measures = [
    { id: 'cpu', words: 'CPU', type: 'v1/insights/droplet/cpu' },
    { id: 'memory', words: 'memory', type: 'v1/insights/droplet/memory_utilization_percent' },
    { id: 'disk', words: 'disk', type: 'v1/insights/droplet/disk_utilization_percent' },
  ];
  return measures.map(({ id, words, type }) => ({
    id,
    description: `${name}: ${words} above 90 % for ten minutes`,
    type,
    thresholdPercent: 90,
    windowMinutes: 10,
    emails: alertEmails,
  }));
}

function bootstrap({ ssh }: StackConfig, hasMonitoring: boolean): Bootstrap {
  return {
    adminUser: ssh.adminUser,
    adminKeys: Object.keys(ssh.adminKeys)
      .sort()
      .flatMap((administrator) => ssh.adminKeys[administrator] ?? []),
    sshPort: dropletSshPort,
    sshSourcesIpv4: networksOfFamily(4, ssh.sources),
    sshSourcesIpv6: networksOfFamily(6, ssh.sources),
    agentUser: hasMonitoring ? metricsAgentUser : undefined,
  };
}

/** The file's path is relative to the folder that terraform runs in, cdktf.out/stacks/NAME, which may be deleted. */
function statePlan(stack: string, state: StackConfig['terraformState']): StatePlan {
  if (state.spaces !== undefined) {
    return { kind: 'spaces', ...state.spaces, key: `hardening/${stack}.tfstate` };
  }
  const path = `../../../terraform.${stack}.tfstate`;
  return state.encryptedByOpenTofu
    ? { kind: 'encrypted-file', path }
    : { kind: 'file', path, reason: state.unencryptedReason };
}
