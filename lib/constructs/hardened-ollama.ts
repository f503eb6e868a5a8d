import { TerraformLocal } from 'cdktf/lib/terraform-local.js';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/schema.ts';
import type { DropletTarget, HostTarget, Infrastructure } from '../model/infrastructure/infrastructure.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';
import { externalCertificates } from './external-certificates.ts';
import { GatewayFirewall } from './gateway-firewall.ts';
import { HardenedDroplet, type HostKeyPair } from './hardened-droplet.ts';
import { HostRemoval } from './host-removal.ts';
import { noPublicParts, type PublicParts } from './public-parts.ts';
import { releaseContent } from './release-content.ts';
import { Release } from './release.ts';
import { issuedLines, type StackCertificates } from './stack-certificates.ts';
import { terraformCertificates } from './terraform-certificates.ts';

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
  /** What the files say that the configuration names: requests, and CAs in folders. Default: it names none. */
  readonly publicParts?: PublicParts;
  /**
   * A droplet's SSH host key, as values or expressions of terraform, so that no state has it. Default: terraform makes
   * one, and its state has it.
   */
  readonly hostKeyPair?: HostKeyPair | undefined;
}

/**
 * A hardened Ollama behind its gateway, on a droplet that is made or on a machine that exists: certificates, machine
 * and release. The app brings the provider tls, unless the CA is external, and for a droplet digitalocean.
 *
 * @throws {RangeError} for a stack without a target, and for a file of `publicParts` that is missing
 */
export class HardenedOllama extends Construct {
  readonly infrastructure: Infrastructure;
  readonly certificates: StackCertificates;
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

    const parts = props.publicParts ?? noPublicParts;
    this.certificates =
      plan.mode === 'external' ? externalCertificates(plan, parts) : terraformCertificates(this, plan, parts);

    const machine = target.kind === 'host' ? hostMachine(target) : this.#droplet(target, props.hostKeyPair);
    this.publicAddress = machine.publicAddress;
    this.hostKey = machine.hostKey;
    const privateKeyPath = props.privateKeyPath ?? '';
    const issued = new TerraformLocal(this, 'issued', issuedLines(this.certificates)).asString;
    const content = releaseContent(deployment, props.stack, { ...this.certificates, issued });
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
      certificates: { ...this.certificates, issued },
      waitsForFirstBoot: target.kind === 'digitalocean',
      ...(removal === undefined ? {} : { dependsOn: [removal.resource] }),
    });
  }

  #droplet(target: DropletTarget, hostKeyPair: HostKeyPair | undefined): Machine {
    const firewall = new GatewayFirewall(this, 'firewall', {
      name: target.resourceName,
      inbound: target.inbound,
      outbound: target.outbound,
    });
    const droplet = new HardenedDroplet(this, 'droplet', { ...target, firewall, hostKeyPair });
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
