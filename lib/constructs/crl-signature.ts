import { join, relative } from 'node:path';
import { App } from 'cdktf/lib/app.js';
import { Fn } from 'cdktf/lib/terraform-functions.js';
import { TerraformSelf, type LocalExecProvisioner } from 'cdktf/lib/terraform-provisioner.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import type { Construct } from 'constructs';
import { signProgram } from '../deploy/sign-program.ts';
import type { CrlSources } from './stack-certificates.ts';
import { StaticFolder } from './static-folder.ts';

/** The CRLs of other CAs, in the stack's folder. */
const givenFile = 'other-authorities.crl';

interface CrlSignatureProps extends CrlSources {
  /** The machine, whose list of issued certificates is read. */
  readonly ssh: {
    readonly address: string;
    readonly port: number;
    readonly user: string;
    readonly hostKey: string;
  };
  /** The path of a private key for SSH, or ''. */
  readonly privateKeyPath: string;
}

/**
 * The step of a release that signs the CRLs, after the upload and before it is activated: only the machine remembers
 * the certificates that have left the state, and only terraform has the CA's key. The key is handed over in the
 * environment of the program, which other users of the computer cannot read (proc_pid_environ(5)).
 *
 * @returns the step, and what becomes tls/ca.crl of the upload
 */
export function crlSignature(
  scope: Construct,
  { signers, given, ssh, privateKeyPath }: CrlSignatureProps,
): {
  readonly provisioners: readonly LocalExecProvisioner[];
  readonly file: { readonly content: string } | { readonly source: string } | undefined;
} {
  if (signers.length === 0) return { provisioners: [], file: given === '' ? undefined : { content: given } };
  const upload = TerraformSelf.getString('id');
  const request = {
    machine: {
      address: ssh.address,
      port: ssh.port,
      user: ssh.user,
      hostKey: ssh.hostKey,
      identity: privateKeyPath,
    },
    upload,
    authorities: signers.map(({ name, certificatePem, privateKeyPem }) => ({
      name,
      certificate: certificatePem,
      key: privateKeyPem,
    })),
    // By its path: Linux allows 128 KiB for one variable (MAX_ARG_STRLEN), which a CRL of 2,000 entries fills.
    given:
      given === ''
        ? ''
        : `${new StaticFolder(scope, 'given', { files: new Map([[givenFile, given]]) }).path}${givenFile}`,
    out: `crl/${upload}.pem`,
  };
  // Terraform runs in the stack's folder, and the folder's place beside this program is all that counts.
  const folder = join(App.of(scope).outdir, 'stacks', TerraformStack.of(scope).node.id);
  return {
    provisioners: [
      {
        type: 'local-exec',
        command: `node '${relative(folder, signProgram)}'`,
        environment: { HARDENING_CRL_REQUEST: Fn.jsonencode(request) },
      },
    ],
    file: { source: `crl/${upload}.pem` },
  };
}
