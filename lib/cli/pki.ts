import { Command } from 'commander';
import { crlCommand } from './pki-crl.ts';
import { initCommand } from './pki-init.ts';
import { inspectCommand } from './pki-inspect.ts';
import { issueCommand } from './pki-issue.ts';
import { requestCommand } from './pki-request.ts';
import { revokeCommand } from './pki-revoke.ts';
import { signCommand } from './pki-sign.ts';

const help = `
The folder (--dir, by default 'pki'):
  certs/      ca.crt, ca.crl, server.crt, SERVICE-GENERATION.crt    public
  secrets/    ca.key, encrypted; server.key, SERVICE-GENERATION.key  for its owner alone
  index.json  everything that was issued and revoked                public; keep copies of it

A change of the configuration, from pull request to machine:
  hardening pki issue     issues what the configuration wants and lacks, renews what is due
  hardening pki crl       revokes what it does not let in any more, and signs the list
  hardening deploy        checks the folder against the configuration, and brings its public parts`;

/** `hardening pki`: a CA in a folder, for stacks whose keys terraform is not to have. */
export function pkiCommand(): Command {
  const command = new Command('pki')
    .summary('keep a CA in a folder, outside of terraform')
    .description(
      "A private CA whose key is encrypted with a passphrase, for pki.mode 'external' (and 'request' for a service's " +
        'host). Keys are ECDSA P-256.',
    )
    .addHelpText('after', help);
  for (const one of [
    initCommand(),
    issueCommand(),
    requestCommand(),
    signCommand(),
    revokeCommand(),
    crlCommand(),
    inspectCommand(),
  ]) {
    command.addCommand(one);
  }
  return command;
}
