import type { StackConfig } from '../../config/schema.ts';
import { networksOfFamily } from '../../config/values.ts';
import { inboundRules, type NamedInboundRule } from '../infrastructure/firewall-rules.ts';
import { metricsAgentUser } from './users.ts';
import { modelsGroup } from './models.ts';

/** The machine's own packet filter, a table of nftables. */
export interface Firewall {
  readonly inbound: readonly InboundPort[];
  /** Every TCP port of `inbound`, once: what is sent to another one is dropped before it could be sent on. */
  readonly openPorts: readonly number[];
  readonly hasOpenPorts: boolean;
  /** The same for UDP, with the ports of DHCP, whose answers come from addresses that nobody asked. */
  readonly openUdpPorts: readonly number[];
  /** May ask for names. Each must be on the machine. */
  readonly nameUsers: readonly string[];
  /** May speak HTTP and HTTPS to others. Each must be on the machine. */
  readonly webUsers: readonly string[];
  /** The group that fetches models; undefined where there are none to fetch. */
  readonly modelsGroup: string | undefined;
  /** May ask for names and the time where they are on the machine: which of them are is found there. */
  readonly systemUsers: readonly string[];
  /** May ask the cloud's metadata service. */
  readonly metadataUsers: readonly string[];
  /** Users of the machine's other services that may call out. Each may or may not be there. */
  readonly outboundUsers: readonly string[];
  readonly hasOutboundUsers: boolean;
}

/** A port and the networks that may reach it, by family. */
export interface InboundPort {
  readonly purpose: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  readonly hasIpv4: boolean;
  readonly hasIpv6: boolean;
}

/** The client's ports of DHCP and DHCPv6 (RFC 2131, RFC 8415). */
const dhcpPorts = [68, 546];

/** Decides who may reach the machine, and whom it may reach. */
export function firewall(stack: StackConfig): Firewall {
  const { ollama, target } = stack;
  const inbound = inboundRules(stack).map(inboundPort);
  const openPorts = portsOf('tcp', inbound);
  const agent = target.digitalocean?.monitoring === true ? [metricsAgentUser] : [];
  // An Ollama in a namespace of its own sends nothing here.
  const cloudUsers = ollama.isolation === 'loopback' && !ollama.noCloud ? ['ollama'] : [];
  return {
    inbound,
    openPorts,
    hasOpenPorts: openPorts.length > 0,
    openUdpPorts: [...new Set([...dhcpPorts, ...portsOf('udp', inbound)])],
    nameUsers: ['root', '_apt', ...agent, ...cloudUsers],
    webUsers: ['_apt', ...agent, ...cloudUsers],
    modelsGroup: ollama.models.length > 0 ? modelsGroup : undefined,
    systemUsers: ['systemd-resolve', 'systemd-timesync', '_chrony', 'ntpsec'],
    metadataUsers: ['root', ...agent],
    outboundUsers: stack.firewall.outboundUsers,
    hasOutboundUsers: stack.firewall.outboundUsers.length > 0,
  };
}

function portsOf(protocol: 'tcp' | 'udp', inbound: readonly InboundPort[]): number[] {
  return [...new Set(inbound.filter((one) => one.protocol === protocol).map(({ port }) => port))];
}

function inboundPort({ name, protocol, port, sources }: NamedInboundRule): InboundPort {
  const [ipv4, ipv6] = [networksOfFamily(4, sources), networksOfFamily(6, sources)];
  return { purpose: name, protocol, port, ipv4, ipv6, hasIpv4: ipv4.length > 0, hasIpv6: ipv6.length > 0 };
}
