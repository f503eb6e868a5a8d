import type { StackConfig } from '../../config/schema.ts';
import type { Identity } from '../../pki/identity.ts';
import type { Revocation } from '../deployment.ts';
import type { InboundRule, OutboundRule } from './firewall-rules.ts';

/** Every decision about what terraform makes for one stack, as plain data. Constructs wire it and decide nothing. */
export interface Infrastructure {
  readonly stack: string;
  /** Undefined where the stack is rendered and not deployed. */
  readonly target: HostTarget | DropletTarget | undefined;
  readonly certificates: CertificatePlan;
  readonly state: StatePlan;
  /** What the machine's packet filter lets through for its other services. */
  readonly otherServices: {
    readonly inbound: StackConfig['firewall']['additionalInbound'];
    readonly outboundUsers: readonly string[];
  };
  /** Risks that the configuration gives a reason for, by the rule of lib/policy that would refuse the stack. */
  readonly acknowledged: readonly AcknowledgedRisk[];
  readonly ssh: {
    readonly sources: readonly string[];
    readonly everywhereReason: string | undefined;
    readonly administrators: readonly string[];
  };
}

/** What a rule of the policy finds, and why it may stay. */
export interface AcknowledgedRisk {
  readonly rule: string;
  /** The resource as the rule's finding names it. */
  readonly resource: string;
  readonly reason: string;
}

/** How a release gets to a machine. */
export interface ReleaseConnection {
  readonly user: string;
  readonly port: number;
  /** How long terraform tries to log in before it gives up, a host key that differs included. */
  readonly timeoutSeconds: number;
}

/** A machine that exists. */
export interface HostTarget {
  readonly kind: 'host';
  readonly distribution: string;
  readonly address: string;
  readonly hostKey: string;
  readonly connection: ReleaseConnection;
}

/** A droplet with what belongs to it. */
export interface DropletTarget {
  readonly kind: 'digitalocean';
  readonly distribution: string;
  /** Names the droplet, and with a prefix what is beside it. */
  readonly name: string;
  readonly resourceName: string;
  readonly image: string;
  readonly region: string;
  readonly size: string;
  readonly project: string | undefined;
  readonly hasReservedIp: boolean;
  readonly hasMonitoring: boolean;
  readonly hasBackups: boolean;
  readonly modelsVolumeGiB: number | undefined;
  readonly apiEndpoint: string | undefined;
  readonly inbound: readonly InboundRule[];
  readonly outbound: readonly OutboundRule[];
  readonly alerts: readonly Alert[];
  readonly bootstrap: Bootstrap;
  readonly connection: ReleaseConnection;
}

/** A threshold that somebody gets mail about. */
export interface Alert {
  readonly id: string;
  readonly description: string;
  /** The measure, in the words of DigitalOcean's API. */
  readonly type: string;
  readonly thresholdPercent: number;
  readonly windowMinutes: 10;
  readonly emails: readonly string[];
}

/** What the first login needs, and nothing else: it cannot be changed without a new droplet. */
export interface Bootstrap {
  readonly adminUser: string;
  /** Public keys. Those of later administrators come with a release. */
  readonly adminKeys: readonly string[];
  readonly sshPort: number;
  readonly sshSourcesIpv4: readonly string[];
  readonly sshSourcesIpv6: readonly string[];
  /** The user of DigitalOcean's metrics agent, where it is wanted: it asks the metadata service too. */
  readonly agentUser: string | undefined;
}

/** Who holds which key, and the certificates of a stack. Times in hours, as terraform's tls provider counts. */
export interface CertificatePlan {
  readonly mode: StackConfig['pki']['mode'];
  readonly organization: string;
  /** The CAs that terraform makes and the gateway trusts, the one that issues first. None in mode 'external'. */
  readonly authorities: readonly [AuthorityPlan, ...AuthorityPlan[]] | readonly [];
  /** The folder of the CA that issues in mode 'external', relative to the configuration file. */
  readonly directory: string | undefined;
  /** Folders of further CAs that the gateway trusts. */
  readonly alsoTrustedDirectories: readonly string[];
  readonly server: LeafLifetime & {
    /** Undefined where no name fits into a subject. */
    readonly commonName: string | undefined;
    readonly dnsNames: readonly string[];
    readonly addresses: readonly string[];
  };
  /** By service, then by generation: the certificates that are let in. */
  readonly services: readonly ServiceCertificatePlan[];
  /** The identity that the machine checks itself with. */
  readonly health: ServiceCertificatePlan;
  /** Whose certificates were taken back. */
  readonly revoked: readonly Revocation[];
  /** From how many days before its end a certificate is announced. */
  readonly expiryNoticeDays: number;
}

/** A CA that terraform makes. */
export interface AuthorityPlan {
  readonly generation: number;
  readonly commonName: string;
  readonly validityHours: number;
}

export interface LeafLifetime {
  readonly validityHours: number;
  /** How long before its end an apply renews it. */
  readonly earlyRenewalHours: number;
}

export interface ServiceCertificatePlan extends LeafLifetime {
  readonly identity: Identity;
  /** The subject, as nginx prints it. */
  readonly distinguishedName: string;
  /** The certificate that the service's host is to have: not the one that another takes over from. */
  readonly isLatest: boolean;
  /** The path of the request that its host made, relative to the configuration file. Undefined: somebody else has the key. */
  readonly request: string | undefined;
}

/** Where the state is kept, and what encrypts it. */
export type StatePlan =
  | { readonly kind: 'spaces'; readonly region: string; readonly bucket: string; readonly key: string }
  | { readonly kind: 'encrypted-file'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly reason: string | undefined };
