import { UserError } from './user-error.ts';

/** Wording of the step of an apply that signs CRLs. */
export const signCrlText = {
  noRequest: new UserError(
    'there is nothing to sign: this program is run by terraform, while a release is brought',
    'run `hardening deploy` or terraform apply',
  ),
  noSerial: (address: string) =>
    new UserError(
      `${address} names a certificate by what is no serial number, so no CRL was signed`,
      'look at /var/lib/hardening/state/issued there: something else than the kit has written to it; nothing was put in force',
    ),
  noAnswer: (address: string, said: string) =>
    new UserError(
      `${address} did not tell which certificates were issued, so no CRL was signed: ${said}`,
      'check that ssh reaches it from here with the same key as terraform does (ssh-add -l, or TF_VAR_ssh_private_key_path), ' +
        'and apply again; nothing was put in force',
    ),
};
