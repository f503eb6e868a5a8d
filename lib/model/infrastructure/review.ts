import type {
  AuthorityPlan,
  DropletTarget,
  HostTarget,
  Infrastructure,
  ServiceCertificatePlan,
  StatePlan,
} from './infrastructure.ts';

/** What `infrastructure.md` shows a reviewer: the decisions of a stack, each where the template can print it. */
export interface Review {
  readonly stack: string;
  readonly isDeployed: boolean;
  readonly host: HostTarget | undefined;
  readonly droplet:
    (DropletTarget & { readonly hasAlerts: boolean; readonly alertEmails: readonly string[] }) | undefined;
  readonly ssh: Infrastructure['ssh'] & { readonly hasSources: boolean; readonly hasAdministrators: boolean };
  readonly certificates: Omit<Infrastructure['certificates'], 'services' | 'health' | 'authorities'> & {
    /** The services and the machine itself. */
    readonly identities: readonly ServiceCertificatePlan[];
    readonly issuing: AuthorityPlan | undefined;
    readonly otherAuthorities: readonly AuthorityPlan[];
    readonly isExternal: boolean;
    readonly hasRequests: boolean;
    readonly hasFolders: boolean;
    readonly hasRevocations: boolean;
  };
  readonly otherServices: Infrastructure['otherServices'] & {
    readonly hasAny: boolean;
    readonly hasInbound: boolean;
    readonly hasOutboundUsers: boolean;
  };
  readonly acknowledged: Infrastructure['acknowledged'];
  readonly hasAcknowledged: boolean;
  readonly state: {
    readonly spaces: Extract<StatePlan, { kind: 'spaces' }> | undefined;
    readonly isEncryptedFile: boolean;
    readonly unencryptedReason: string | undefined;
  };
}

/** Arranges the decisions for `infrastructure.md`. */
export function reviewOf({
  stack,
  target,
  certificates,
  state,
  ssh,
  otherServices,
  acknowledged,
}: Infrastructure): Review {
  const { services, health, authorities, ...rest } = certificates;
  return {
    stack,
    isDeployed: target !== undefined,
    acknowledged,
    hasAcknowledged: acknowledged.length > 0,
    host: target?.kind === 'host' ? target : undefined,
    droplet:
      target?.kind === 'digitalocean'
        ? { ...target, hasAlerts: target.alerts.length > 0, alertEmails: target.alerts[0]?.emails ?? [] }
        : undefined,
    ssh: {
      ...ssh,
      hasSources: ssh.sources.length > 0,
      hasAdministrators: ssh.administrators.length > 0,
    },
    certificates: {
      ...rest,
      identities: [...services, health],
      issuing: authorities[0],
      otherAuthorities: authorities.slice(1),
      isExternal: rest.mode === 'external',
      hasRequests: services.some(({ request }) => request !== undefined),
      hasFolders: rest.alsoTrustedDirectories.length > 0,
      hasRevocations: rest.revoked.length > 0,
    },
    otherServices: {
      ...otherServices,
      hasAny: otherServices.inbound.length + otherServices.outboundUsers.length > 0,
      // A droplet's ports are in its own table.
      hasInbound: target?.kind !== 'digitalocean' && otherServices.inbound.length > 0,
      hasOutboundUsers: otherServices.outboundUsers.length > 0,
    },
    state: {
      spaces: state.kind === 'spaces' ? state : undefined,
      isEncryptedFile: state.kind === 'encrypted-file',
      unencryptedReason: state.kind === 'file' ? state.reason : undefined,
    },
  };
}
