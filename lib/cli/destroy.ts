import { dirname } from 'node:path';
import { Command } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import { chooseDeployedStack } from '../deploy/deployed-stack.ts';
import { readHostRemoval, type HostRemovalState } from '../deploy/host-removal.ts';
import { closeStateFile } from '../deploy/state-file.ts';
import {
  findTerraform,
  runTerraform,
  stackFolder,
  stateAddresses,
  terminalParameters,
  type Terraform,
} from '../deploy/terraform.ts';
import { destroyText } from '../messages/destroy.ts';
import { paint, terminal } from '../messages/terminal.ts';

interface DestroyOptions {
  readonly config: string;
  readonly out: string;
  readonly models: boolean;
  readonly autoApprove: boolean;
}

/** `hardening destroy`: takes the kit off a machine that exists, or ends a droplet, with terraform. */
export function destroyCommand(): Command {
  return new Command('destroy')
    .argument('<stack>', 'the stack; it is never guessed')
    .summary('take the kit off a machine, or end a droplet')
    .description(
      'Runs terraform destroy for a stack. From a machine that exists goes what the kit put there, and nothing else; ' +
        'a droplet goes with all that is on it. Certificates and keys go with the state.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--out <dir>', 'where the stacks are synthesized to', 'cdktf.out')
    .option('--models', 'also remove the models that the kit has fetched; others stay', false)
    .option('--auto-approve', 'destroy without asking', false)
    .addHelpText(
      'after',
      '\nEnvironment: as for deploy.\n\nExit codes: 0 done, 1 terraform or the machine failed, 2 bad input or ' +
        'something missing; nothing was begun then.',
    )
    .action(destroy);
}

async function destroy(wanted: string, options: DestroyOptions): Promise<void> {
  const { config } = await loadConfig(options.config);
  const { name, stack } = chooseDeployedStack(config, options.config, wanted);
  const terraform = await findTerraform(stack, 'apply');
  // Only now: the libraries of the constructs take a second to load.
  const { synthesize } = await import('../../stacks/synthesize.ts');
  synthesize(config, options.out, dirname(options.config));
  const folder = stackFolder(options.out, name);
  await closeStateFile({ name, stack }, folder);
  await runTerraform(terraform, folder, ['init', '-input=false'], true);
  if ((await stateAddresses(terraform, folder)).length === 0) throw destroyText.nothingThere(name);

  const removal = await readHostRemoval(terraform, folder);
  if (removal !== undefined && removal.removesModels !== options.models) {
    if (removal.address !== stack.target.host?.address) {
      throw destroyText.anotherMachine(removal.address, stack.target.host?.address);
    }
    await setModels(terraform, folder, removal, options.models);
  }
  say(removal === undefined ? destroyText.droplet : destroyText.host(removal.address, options.models));
  try {
    const approval = options.autoApprove ? ['-auto-approve'] : [];
    await runTerraform(terraform, folder, ['destroy', ...approval, ...terminalParameters()]);
  } catch (error) {
    // Whoever changed their mind, or destroys by plain terraform another day, has said nothing of models.
    if (options.models && (await readHostRemoval(terraform, folder)) !== undefined && removal !== undefined) {
      await setModels(terraform, folder, removal, false);
      say(destroyText.modelsKeptAgain);
    }
    throw error;
  }
}

/** Writes into the state what a destroy is to do: it sees no variable. Changes nothing else. */
async function setModels(
  terraform: Terraform,
  folder: string,
  { resource }: HostRemovalState,
  removesModels: boolean,
): Promise<void> {
  const parameters = ['-auto-approve', '-input=false', `-target=${resource}`];
  await runTerraform(
    terraform,
    folder,
    ['apply', ...parameters, `-var=remove_models=${String(removesModels)}`],
    true,
  );
}

function say(text: string): void {
  process.stderr.write(`${paint(terminal(process.stderr), 'yellow', 'note:')} ${text}\n`);
}
