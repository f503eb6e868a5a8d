import type { StackConfig } from '../../config/schema.ts';

/** A port of the droplet that somebody may reach. Everything else is dropped before it gets to the machine. */
export interface InboundRule {
  readonly purpose: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Networks, at least one. */
  readonly sources: readonly string[];
}

/** Such a port with the name that the machine's own files give it. */
export interface NamedInboundRule extends InboundRule {
  readonly name: string;
}

/** A port elsewhere that the droplet may reach. */
export interface OutboundRule {
  readonly purpose: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly destinations: readonly string[];
}

/** The port of SSH on a new droplet: that of Debian's and Ubuntu's images. */
export const dropletSshPort = 22;

/** The port that the machine's SSH server listens on. */
export function sshPort({ target }: StackConfig): number {
  return target.host?.port ?? dropletSshPort;
}

/** All of IPv4 and IPv6. Mirrors, registries and time servers have no addresses that one could list. */
const everywhere = ['0.0.0.0/0', '::/0'];

/**
 * Who reaches the machine, for its own packet filter and for the cloud's. A rule without sources is left out:
 * DigitalOcean would refuse it, and nobody is nobody.
 */
export function inboundRules(stack: StackConfig): NamedInboundRule[] {
  const { ssh, gateway, firewall } = stack;
  const rules: NamedInboundRule[] = [
    {
      name: 'SSH',
      purpose: 'SSH, for releases and administrators',
      protocol: 'tcp',
      port: sshPort(stack),
      sources: ssh.sources,
    },
    {
      name: 'the gateway',
      purpose: 'the gateway, with client certificates',
      protocol: 'tcp',
      port: gateway.listenPort,
      sources: firewall.gatewaySources,
    },
    ...(gateway.plainListenPort === false
      ? []
      : [
          {
            name: "the gateway's plain port",
            purpose: 'plain HTTP, answered with 401 only',
            protocol: 'tcp' as const,
            port: gateway.plainListenPort,
            sources: firewall.gatewaySources,
          },
        ]),
    ...firewall.additionalInbound.map(({ port, protocol, sources, reason }) => ({
      name: 'what else the configuration opens',
      purpose: reason,
      protocol,
      port,
      sources,
    })),
  ];
  return rules.filter(({ sources }) => sources.length > 0);
}

/**
 * What the droplet reaches. Port 80 is open because the images fetch packages over plain HTTP; apt checks signatures,
 * so that an attacker there can hold packages back and not change them.
 */
export const outboundRules: readonly OutboundRule[] = [
  { purpose: 'DNS', protocol: 'udp', port: 53, destinations: everywhere },
  {
    purpose: 'DNS, answers that do not fit into a datagram',
    protocol: 'tcp',
    port: 53,
    destinations: everywhere,
  },
  {
    purpose: 'NTP, without which no certificate can be judged',
    protocol: 'udp',
    port: 123,
    destinations: everywhere,
  },
  {
    purpose: 'packages from mirrors that the images name with http://, signed',
    protocol: 'tcp',
    port: 80,
    destinations: everywhere,
  },
  { purpose: 'packages, Ollama and models', protocol: 'tcp', port: 443, destinations: everywhere },
];
