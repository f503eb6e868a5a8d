import { dirname } from 'node:path';
import { Command } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import { chooseDeployedStack, connectionOf, type DeployedStack } from '../deploy/deployed-stack.ts';
import { ownAddressTowards, isWithin } from '../deploy/own-address.ts';
import { deployCommandText } from '../messages/deploy.ts';
import { paint, terminal } from '../messages/terminal.ts';
import type { StackConfig } from '../config/schema.ts';
import { findRolledBack } from '../deploy/rolled-back.ts';
import { closeStateFile } from '../deploy/state-file.ts';
import {
  findTerraform,
  runTerraform,
  stackFolder,
  terminalParameters,
  type Terraform,
} from '../deploy/terraform.ts';
import { UserError } from '../messages/user-error.ts';

interface DeployOptions {
  readonly config: string;
  readonly out: string;
  readonly plan: boolean;
  readonly autoApprove: boolean;
}

/** `hardening deploy`: synthesizes a stack and applies it with plain terraform or OpenTofu. */
export function deployCommand(): Command {
  return new Command('deploy')
    .argument('[stack]', 'the stack; may be left out where only one is deployed')
    .summary('bring a stack to its machine with terraform')
    .description(
      'Synthesizes the stacks, and runs terraform init and apply for one of them. It does what ' +
        '`npx cdktf-cli deploy STACK` does, without that program, and on every Node that the kit runs on.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--out <dir>', 'where the stacks are synthesized to', 'cdktf.out')
    .option('--plan', 'show what would change, and change nothing', false)
    .option('--auto-approve', 'apply without asking', false)
    .addHelpText(
      'after',
      `
Environment:
  DIGITALOCEAN_TOKEN            for target.digitalocean; it goes nowhere but to the API
  TERRAFORM_BINARY_NAME         'tofu' for OpenTofu
  TF_ENCRYPTION                 OpenTofu's key for the state, with terraformState.encryptedByOpenTofu
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SSE_CUSTOMER_KEY   for terraformState.spaces
  SSH_AUTH_SOCK                 the agent with your key, or TF_VAR_ssh_private_key_path with its path

Exit codes: 0 done, 1 terraform or the machine failed, 2 bad input or something missing; nothing was begun then.`,
    )
    .action(deploy);
}

async function deploy(wanted: string | undefined, options: DeployOptions): Promise<void> {
  const { config } = await loadConfig(options.config);
  const { name, stack } = chooseDeployedStack(config, options.config, wanted);
  const terraform = await findTerraform(stack, 'apply');
  // Only now: the libraries of the constructs take a second to load.
  const { synthesize } = await import('../../stacks/synthesize.ts');
  synthesize(config, options.out, dirname(options.config));
  const folder = stackFolder(options.out, name);
  await closeStateFile({ name, stack }, folder);
  await warnOfLockOut(stack);
  await runTerraform(terraform, folder, ['init', '-input=false'], true);
  const step = options.plan ? ['plan'] : ['apply', ...(options.autoApprove ? ['-auto-approve'] : [])];
  const again = await whatToBringAgain(terraform, folder, { name, stack });
  await runTerraform(terraform, folder, [...step, ...again, ...terminalParameters()]);
}

/** The parameter that brings a release again which the machine has left; says why. */
async function whatToBringAgain(
  terraform: Terraform,
  folder: string,
  deployed: DeployedStack,
): Promise<string[]> {
  const identity = process.env['TF_VAR_ssh_private_key_path'] || undefined;
  try {
    const found = await findRolledBack(terraform, folder, deployed.name, {
      ...connectionOf(deployed),
      identity,
    });
    if (found === undefined) return [];
    warn(deployCommandText.rolledBack(found.running, found.deployed));
    return [`-replace=${found.address}`];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // terraform says it better, where it goes there at all.
    warn(deployCommandText.notAsked(error.message));
    return [];
  }
}

/** Warns before the apply of networks that leave out whoever applies. A droplet's address is not known before it is there. */
async function warnOfLockOut({ target, ssh }: StackConfig): Promise<void> {
  if (target.host === undefined) return;
  const own = await ownAddressTowards(target.host.address);
  if (own === undefined || isWithin(own, ssh.sources)) return;
  warn(deployCommandText.leavesOutYourself(own, ssh.sources));
}

function warn(text: string): void {
  process.stderr.write(`${paint(terminal(process.stderr), 'yellow', 'warning:')} ${text}\n`);
}
