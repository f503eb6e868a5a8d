import { DataDigitaloceanProject } from '@cdktf/provider-digitalocean/lib/data-digitalocean-project/index.js';
import { Droplet } from '@cdktf/provider-digitalocean/lib/droplet/index.js';
import { MonitorAlert } from '@cdktf/provider-digitalocean/lib/monitor-alert/index.js';
import { ProjectResources } from '@cdktf/provider-digitalocean/lib/project-resources/index.js';
import { ReservedIpAssignment } from '@cdktf/provider-digitalocean/lib/reserved-ip-assignment/index.js';
import { ReservedIp } from '@cdktf/provider-digitalocean/lib/reserved-ip/index.js';
import { VolumeAttachment } from '@cdktf/provider-digitalocean/lib/volume-attachment/index.js';
import { Volume } from '@cdktf/provider-digitalocean/lib/volume/index.js';
import { Vpc } from '@cdktf/provider-digitalocean/lib/vpc/index.js';
import { PrivateKey } from '@cdktf/provider-tls/lib/private-key/index.js';
import { Fn } from 'cdktf/lib/terraform-functions.js';
import { Token } from 'cdktf/lib/tokens/token.js';
import { Construct } from 'constructs';
import { userData } from '../bootstrap/user-data.ts';
import type { Alert, Bootstrap } from '../model/infrastructure/infrastructure.ts';
import type { GatewayFirewall } from './gateway-firewall.ts';

/** An SSH host key of type ed25519. */
export interface HostKeyPair {
  /** As ssh-keygen writes it. Sensitive. */
  readonly privateKeyOpenSsh: string;
  /** One line: type and base64. */
  readonly publicKeyOpenSsh: string;
}

export interface HardenedDropletProps {
  /** The droplet's name, which is its host name too. */
  readonly name: string;
  /** Names what is beside the droplet: VPC and volume. Lower-case letters, digits and hyphens. */
  readonly resourceName: string;
  /** The image's slug. A change replaces the droplet. */
  readonly image: string;
  /** The region's slug. A change replaces the droplet and all that is beside it, the models' volume included. */
  readonly region: string;
  /** The size's slug, which decides the price. A change turns the droplet off for a minute. */
  readonly size: string;
  /** The firewall in front of it. The droplet is made after it. */
  readonly firewall: GatewayFirewall;
  /** What the first boot sets up. A change has no effect on a droplet that exists. */
  readonly bootstrap: Bootstrap;
  /** The SSH host key of the first boot. Default: terraform makes one, and its state has it. */
  readonly hostKeyPair?: HostKeyPair | undefined;
  /** The name of a project that exists. Default: the account's default project. */
  readonly project?: string | undefined;
  /** Whether it has an address that outlives it. Default: no. */
  readonly hasReservedIp?: boolean;
  /** Whether DigitalOcean's metrics agent is installed, which alerts need. A change replaces the droplet. */
  readonly hasMonitoring: boolean;
  /** Whether DigitalOcean keeps weekly backups. Default: no. */
  readonly hasBackups?: boolean;
  /** The size of a volume for models, in GiB. It can grow and not shrink. Default: none. */
  readonly modelsVolumeGiB?: number | undefined;
  /** Who gets mail when. Default: nobody. */
  readonly alerts?: readonly Alert[];
}

/** A droplet behind a firewall, with an SSH host key that is known before its first boot. */
export class HardenedDroplet extends Construct {
  /** The address that releases go to. */
  readonly address: string;
  /** The address for clients: the reserved one, where there is one. */
  readonly publicAddress: string;
  /** The host key as one line without a comment: the only one that the droplet offers. */
  readonly hostKey: string;
  /** Another droplet has another id, and needs its release anew. */
  readonly dropletId: string;

  constructor(scope: Construct, id: string, props: HardenedDropletProps) {
    super(scope, id);
    const { name, resourceName, region, size, image } = props;
    const hostKey = props.hostKeyPair ?? this.#madeHostKey();
    const vpc = new Vpc(this, 'vpc', { name: resourceName, region });
    const droplet = new Droplet(this, 'droplet', {
      name,
      image,
      region,
      size,
      vpcUuid: vpc.id,
      tags: [props.firewall.tagName],
      // Networks of IPv6 may stand in every list of sources; turning this off later would replace the droplet.
      ipv6: true,
      monitoring: props.hasMonitoring,
      backups: props.hasBackups ?? false,
      // The agent behind the web console lets in keys of its own, as root.
      dropletAgent: false,
      userData: userData(props.bootstrap, hostKey),
      dependsOn: [props.firewall.dependable],
      // An administrator who joins or leaves is a release. Both would replace the droplet.
      lifecycle: { ignoreChanges: ['user_data', 'ssh_keys'] },
    });
    this.address = droplet.ipv4Address;
    this.hostKey = Fn.trimspace(hostKey.publicKeyOpenSsh);
    this.dropletId = droplet.id;
    const reservedIp = props.hasReservedIp === true ? this.#reservedIp(region, droplet) : undefined;
    this.publicAddress = reservedIp?.ipAddress ?? droplet.ipv4Address;
    const volume =
      props.modelsVolumeGiB === undefined ? undefined : this.#volume(props, droplet, props.modelsVolumeGiB);
    if (props.project !== undefined) {
      const project = new DataDigitaloceanProject(this, 'project', { name: props.project });
      // A reserved IP follows its droplet into the project: left out here, it would be a difference for ever.
      const members = [droplet, ...(reservedIp ? [reservedIp] : []), ...(volume ? [volume] : [])];
      new ProjectResources(this, 'project-resources', {
        project: project.id,
        resources: members.map(({ urn }) => urn),
      });
    }
    for (const alert of props.alerts ?? []) this.#alert(alert, droplet);
  }

  #madeHostKey(): HostKeyPair {
    const key = new PrivateKey(this, 'host-key', { algorithm: 'ED25519' });
    return { privateKeyOpenSsh: key.privateKeyOpenssh, publicKeyOpenSsh: key.publicKeyOpenssh };
  }

  #reservedIp(region: string, droplet: Droplet): ReservedIp {
    const reservedIp = new ReservedIp(this, 'reserved-ip', {
      region,
      lifecycle: { ignoreChanges: ['droplet_id'] },
    });
    new ReservedIpAssignment(this, 'reserved-ip-assignment', {
      ipAddress: reservedIp.ipAddress,
      dropletId: Token.asNumber(droplet.id),
    });
    return reservedIp;
  }

  #volume({ resourceName, region }: HardenedDropletProps, droplet: Droplet, sizeGiB: number): Volume {
    const volume = new Volume(this, 'models-volume', {
      name: `${resourceName}-models`,
      region,
      size: sizeGiB,
      initialFilesystemType: 'ext4',
      description: 'Models of Ollama',
    });
    new VolumeAttachment(this, 'models-volume-attachment', {
      volumeId: volume.id,
      dropletId: Token.asNumber(droplet.id),
    });
    return volume;
  }

  #alert(alert: Alert, droplet: Droplet): void {
    new MonitorAlert(this, `alert-${alert.id}`, {
      description: alert.description,
      type: alert.type,
      compare: 'GreaterThan',
      value: alert.thresholdPercent,
      window: `${alert.windowMinutes}m`,
      entities: [droplet.id],
      enabled: true,
      alerts: { email: [...alert.emails] },
    });
  }
}
