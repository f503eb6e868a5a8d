import type { RemoteExecProvisioner } from 'cdktf/lib/terraform-provisioner.js';
import type { ITerraformDependable } from 'cdktf/lib/terraform-dependable.js';
import { Construct } from 'constructs';
import type { ReleaseConnection } from '../model/infrastructure/infrastructure.ts';
import { remoteScript } from './remote-script.ts';
import { sshConnection } from './ssh-connection.ts';
import { TerraformData } from './terraform-data.ts';

export interface HostRemovalProps {
  /** The address that SSH connects to. */
  readonly address: string;
  /** How to log in. */
  readonly connection: ReleaseConnection;
  /** The only host key that is accepted. */
  readonly hostKey: string;
  /** The path of a private key for SSH, or ''. Then the keys of the SSH agent are tried. The state keeps the path. */
  readonly privateKeyPath: string;
  /**
   * Whether the models go too that the kit has fetched: 'true', 'false', or an expression of terraform that gives one.
   * A destroy does what the last apply wrote down.
   */
  readonly removeModels: string;
}

/**
 * Takes the kit off a machine that exists when its stack is destroyed, and at no other time: another address may be
 * another way to the same machine. It must be there before the first release, and go after the last. Where the machine
 * cannot be reached the destroy fails and says so.
 */
export class HostRemoval extends Construct {
  /** What the first release must wait for. */
  readonly resource: ITerraformDependable;

  constructor(scope: Construct, id: string, props: HostRemovalProps) {
    super(scope, id);
    const { port, user, timeoutSeconds } = props.connection;
    // cdktf's type lacks `when`; it prints what it is given.
    const atDestroy: RemoteExecProvisioner & { readonly when: 'destroy' } = {
      ...remoteScript('remove.sh', "remove_models='${self.input.remove_models}'"),
      when: 'destroy',
      connection: sshConnection({
        address: '${self.input.address}',
        port: '${self.input.port}',
        user: '${self.input.user}',
        hostKey: '${self.input.host_key}',
        privateKey:
          '${self.input.private_key_path == "" ? null : file(pathexpand(self.input.private_key_path))}',
        timeoutSeconds,
      }),
    };
    this.resource = new TerraformData(this, 'removal', {
      // What a destroy needs must be in the state: it sees no configuration.
      input: {
        address: props.address,
        port: String(port),
        user,
        host_key: props.hostKey,
        private_key_path: props.privateKeyPath,
        remove_models: props.removeModels,
      },
      triggersReplace: [],
      provisioners: [atDestroy],
    });
  }
}
