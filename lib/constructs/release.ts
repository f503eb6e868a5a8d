import type { FileProvisioner, RemoteExecProvisioner } from 'cdktf/lib/terraform-provisioner.js';
import type { ITerraformDependable } from 'cdktf/lib/terraform-dependable.js';
import { Fn } from 'cdktf/lib/terraform-functions.js';
import { Op } from 'cdktf/lib/terraform-operators.js';
import { Token } from 'cdktf/lib/tokens/token.js';
import { Construct } from 'constructs';
import type { ReleaseConnection } from '../model/infrastructure/infrastructure.ts';
import { crlSignature } from './crl-signature.ts';
import { remoteScript } from './remote-script.ts';
import { sshConnection } from './ssh-connection.ts';
import type { CrlSources, PrivateKeySource, ReleasePair } from './stack-certificates.ts';
import { StaticFolder, type StaticFiles } from './static-folder.ts';
import { TerraformData } from './terraform-data.ts';

/** The certificates that a machine gets, as PEM. No CA's key is among them. */
export interface ReleaseCertificates {
  /** The trusted CAs. */
  readonly authoritiesPem: string;
  readonly server: ReleasePair;
  readonly health: ReleasePair;
  /** The lines that tell the machine which certificates were issued: see `issuedLines`. */
  readonly issued: string;
  /** The CRLs of the trusted CAs. */
  readonly crls: CrlSources;
}

export interface ReleaseProps {
  /** The stack that it is a release of. A machine takes no release of another one. */
  readonly stack: string;
  /** The address that SSH connects to. */
  readonly address: string;
  /** How to log in. */
  readonly connection: ReleaseConnection;
  /** The only host key that is accepted, as `ssh-ed25519 AAAA…`. With another one nothing is sent. */
  readonly hostKey: string;
  /**
   * What makes the machine another one: the id of its droplet, or its address. The release is brought to the machine
   * anew when it changes.
   */
  readonly machine: string;
  /** The path of a private key for SSH, or ''. Then the keys of the SSH agent are tried. */
  readonly privateKeyPath: string;
  /** What is known at synth: the rendered tree, the programs, the settings. Nothing in it is secret. */
  readonly files: StaticFiles;
  /** The release's name, which is a hash of its whole content. */
  readonly name: string;
  /** What is known at apply. */
  readonly certificates: ReleaseCertificates;
  /** What must be there before, and go after. Default: what the props refer to. */
  readonly dependsOn?: readonly ITerraformDependable[];
  /** Whether the machine has a first boot to end before it can be changed. */
  readonly waitsForFirstBoot: boolean;
}

/**
 * Brings a release to a machine over SSH and activates it there. It is done again when its name changes, and when it
 * failed.
 */
export class Release extends Construct {
  constructor(scope: Construct, id: string, props: ReleaseProps) {
    super(scope, id);
    const folder = new StaticFolder(this, 'files', { files: props.files });
    // Another apply, another upload: the resource's own id is new each time.
    const upload = '.hardening-upload/${self.id}';
    const { authoritiesPem, server, health, issued, crls } = props.certificates;
    const written: readonly (readonly [path: string, source: PrivateKeySource])[] = [
      ['release', { content: `${props.name}\n` }],
      ['issued', { content: issued }],
      ['tls/ca.crt', { content: authoritiesPem }],
      ['tls/server.crt', { content: server.certificatePem }],
      ['tls/server.key', server.privateKey],
      ['tls/health.crt', { content: health.certificatePem }],
      ['tls/health.key', health.privateKey],
    ];
    const signature = crlSignature(this, {
      ...crls,
      ssh: { ...props.connection, address: props.address, hostKey: props.hostKey },
      privateKeyPath: props.privateKeyPath,
    });
    new TerraformData(this, 'release', {
      input: { stack: props.stack, release: props.name },
      triggersReplace: [props.name, props.machine],
      dependsOn: [...(props.dependsOn ?? [])],
      connection: sshConnection({
        ...props.connection,
        address: props.address,
        hostKey: props.hostKey,
        privateKey: Fn.conditional(
          Op.gte(Fn.lengthOf(props.privateKeyPath), 1),
          Fn.file(Fn.pathexpand(props.privateKeyPath)),
          Token.nullValue(),
        ) as string,
      }),
      provisioners: [
        ...(props.waitsForFirstBoot ? [firstBoot] : []),
        remoteScript('prepare-upload.sh', uploadId),
        { type: 'file', source: folder.path, destination: upload } satisfies FileProvisioner,
        ...written.map(([path, source]): FileProvisioner => ({
          type: 'file',
          ...('content' in source ? source : { source: source.file }),
          destination: `${upload}/${path}`,
        })),
        ...signature.provisioners,
        ...(signature.file === undefined
          ? []
          : [
              {
                type: 'file',
                ...signature.file,
                destination: `${upload}/tls/ca.crl`,
              } satisfies FileProvisioner,
            ]),
        // Nothing here is sensitive: terraform would hide all that the activation says.
        remoteScript('hand-over.sh', uploadId),
        remoteScript('confirm.sh', "release='${self.input.release}'"),
      ],
    });
  }
}

/** The exit status 2 of `status --wait` means done with a warning. */
const firstBoot: RemoteExecProvisioner = {
  type: 'remote-exec',
  inline: ['cloud-init status --wait >/dev/null || test $? -eq 2'],
};

const uploadId = "upload='${self.id}'";
