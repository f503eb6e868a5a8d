import { TerraformLocal } from 'cdktf/lib/terraform-local.js';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/schema.ts';
import type { DropletTarget, HostTarget, Infrastructure } from '../model/infrastructure/infrastructure.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { GatewayFirewall } from './gateway-firewall.ts';
import { HardenedDroplet } from './hardened-droplet.ts';
import { HostRemoval } from './host-removal.ts';
import { releaseContent } from './release-content.ts';
import { Release } from './release.ts';
import { ServerCertificate } from './server-certificate.ts';
import { ServiceCertificate } from './service-certificate.ts';

export interface HardenedOllamaProps {
  /** The stack's name: O of every certificate. A machine belongs to one stack. */
  readonly stackName: string;
  /** The stack's checked configuration, as `parseConfig` returns it, with `target.host` or `target.digitalocean`. */
  readonly stack: StackConfig;
  /**
   * The path of a private key for SSH, or an expression of terraform that gives one. Default: the keys of the SSH
   * agent are tried.
   */
  readonly privateKeyPath?: string;
  /**
   * Whether a destroy takes the models off a machine that exists which the kit has fetched: 'true', 'false', or an
   * expression of terraform that gives one. It must be applied before the destroy. Default: 'false', models stay.
   */
  readonly removeModels?: string;
}

/**
 * A hardened Ollama behind its gateway, on a droplet that is made or on a machine that exists: certificates, machine
 * and release. The app brings the providers tls and, for a droplet, digitalocean.
 *
 * @throws {RangeError} for a stack without a target
 */
export class HardenedOllama extends Construct {
  readonly infrastructure: Infrastructure;
  readonly authority: CertificateAuthority;
  /** In the order of their services' names. */
  readonly serviceCertificates: readonly ServiceCertificate[];
  /** The address for clients. */
  readonly publicAddress: string;
  /** The host key that the machine must show. */
  readonly hostKey: string;
  /** The hash of all that is on the machine. */
  readonly releaseName: string;

  constructor(scope: Construct, id: string, props: HardenedOllamaProps) {
    super(scope, id);
    const deployment = resolve(props.stackName, props.stack);
    this.infrastructure = resolveInfrastructure(deployment, props.stack);
    const { certificates: plan, target } = this.infrastructure;
    if (target === undefined) {
      throw new RangeError(
        `the stack '${props.stackName}' has neither target.host nor target.digitalocean, got a stack to render only`,
      );
    }

    const { organization } = plan;
    const [issuing] = plan.authorities;
    if (issuing === undefined) throw new RangeError("the mode 'external' has no constructs yet");
    const authority = new CertificateAuthority(this, 'authority', { ...issuing, organization });
    const server = new ServerCertificate(this, 'server', { ...plan.server, organization, authority });
    const [health, ...services] = [plan.health, ...plan.services].map(
      ({ identity, validityHours, earlyRenewalHours }) =>
        new ServiceCertificate(this, { ...identity, authority, validityHours, earlyRenewalHours }),
    );
    if (health === undefined) throw new RangeError('a plan has a health identity');
    this.authority = authority;
    this.serviceCertificates = services;

    const machine = target.kind === 'host' ? hostMachine(target) : this.#droplet(target);
    this.publicAddress = machine.publicAddress;
    this.hostKey = machine.hostKey;
    const privateKeyPath = props.privateKeyPath ?? '';
    const content = releaseContent(deployment, props.stack, {
      authority: authority.certificatePem,
      server: server.certificatePem,
      health: health.certificatePem,
    });
    this.releaseName = new TerraformLocal(this, 'release-name', content.name).asString;
    const removal =
      target.kind === 'host'
        ? new HostRemoval(this, 'host', {
            ...target,
            privateKeyPath,
            removeModels: props.removeModels ?? 'false',
          })
        : undefined;
    new Release(this, 'release', {
      stack: props.stackName,
      connection: target.connection,
      ...machine,
      privateKeyPath,
      files: content.files,
      name: this.releaseName,
      certificates: { authority: authority.certificatePem, server, health },
      waitsForFirstBoot: target.kind === 'digitalocean',
      ...(removal === undefined ? {} : { dependsOn: [removal.resource] }),
    });
  }

  #droplet(target: DropletTarget): Machine {
    const firewall = new GatewayFirewall(this, 'firewall', {
      name: target.resourceName,
      inbound: target.inbound,
      outbound: target.outbound,
    });
    const droplet = new HardenedDroplet(this, 'droplet', { ...target, firewall });
    return {
      address: droplet.address,
      publicAddress: droplet.publicAddress,
      hostKey: droplet.hostKey,
      machine: droplet.dropletId,
    };
  }
}

interface Machine {
  readonly address: string;
  readonly publicAddress: string;
  readonly hostKey: string;
  readonly machine: string;
}

/** A machine that was set up anew has another host key, and needs its release as another address does. */
function hostMachine({ address, hostKey, connection }: HostTarget): Machine {
  return { address, publicAddress: address, hostKey, machine: `${address} ${connection.port} ${hostKey}` };
}
