import { Command } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import { chooseDeployedStack, connectionOf } from '../deploy/deployed-stack.ts';
import { judgeStatus } from '../deploy/judge-status.ts';
import { machineStatus } from '../deploy/machine-status.ts';
import { findTerraform, readOutputs, stackFolder } from '../deploy/terraform.ts';
import { statusText } from '../messages/status.ts';
import { columns, paint, terminal } from '../messages/terminal.ts';
import { ExitCode } from '../messages/user-error.ts';

interface StatusOptions {
  readonly config: string;
  readonly out: string;
  readonly identity?: string;
  readonly json: boolean;
}

/** `hardening status`: what is in force on a stack's machine, against what the last apply wanted. */
export function statusCommand(): Command {
  return new Command('status')
    .argument('[stack]', 'the stack; may be left out where only one is deployed')
    .summary("compare a stack's machine with what was deployed to it")
    .description(
      'Asks the machine over SSH, with its host key pinned, which release is in force, whether files of it were ' +
        'changed, whether it is healthy, and how the last activation ended. Changes nothing. Whether the ' +
        'configuration has changes that are not applied yet is what `hardening deploy --plan` shows.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--out <dir>', 'where the stacks were synthesized to', 'cdktf.out')
    .option('--identity <file>', 'a private key for SSH; by default the keys of the agent')
    .option('--json', 'print one JSON object: what the machine tells, wanted_release and findings', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 all is well, 1 something needs attention, 2 the machine could not be asked.',
    )
    .action(show);
}

async function show(wanted: string | undefined, options: StatusOptions): Promise<void> {
  const { config } = await loadConfig(options.config);
  const { name, stack } = chooseDeployedStack(config, options.config, wanted);
  const terraform = await findTerraform(stack, 'read');
  const outputs = await readOutputs(terraform, stackFolder(options.out, name), name);
  const status = await machineStatus({
    ...outputs,
    ...connectionOf({ name, stack }),
    identity: options.identity,
  });
  const findings = judgeStatus(status, outputs.release);
  process.exitCode = findings.length === 0 ? ExitCode.ok : ExitCode.attention;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...status, wanted_release: outputs.release, findings })}\n`);
    return;
  }
  const out = terminal(process.stdout);
  const rows = [
    ['stack', name],
    ['machine', outputs.address],
    ['release', status.release],
    ['before it', status.previous],
    ['last activation', `${status.last_ended} ${status.last_outcome}`],
  ];
  process.stdout.write(`${columns(rows).join('\n')}\n\n`);
  const lines =
    findings.length === 0
      ? [`${paint(out, 'green', '✔')} ${statusText.well}`]
      : findings.map((finding) => `${paint(out, 'red', '✘')} ${finding}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
