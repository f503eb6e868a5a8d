import { Command, InvalidArgumentError } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import { certificateStates, type CertificateState } from '../deploy/certificates.ts';
import { chooseDeployedStack } from '../deploy/deployed-stack.ts';
import { findTerraform, readCertificateOutput, stackFolder } from '../deploy/terraform.ts';
import { certificatesText } from '../messages/certificates.ts';
import { columns, paint, terminal } from '../messages/terminal.ts';
import { ExitCode } from '../messages/user-error.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';

interface CertificatesOptions {
  readonly config: string;
  readonly out: string;
  readonly within?: number;
  readonly json: boolean;
}

/** `hardening certificates`: what was issued, and what ends soon. */
export function certificatesCommand(): Command {
  return new Command('certificates')
    .argument('[stack]', 'the stack; may be left out where only one is deployed')
    .summary("list a stack's certificates and what ends soon")
    .description(
      "Reads from terraform's state which certificates the last apply issued: CA, gateway, services, the machine's own " +
        'check. A CA is announced earlier by the longest life of what it issues. Changes nothing and asks no machine.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--out <dir>', 'where the stacks were synthesized to', 'cdktf.out')
    .option('--within <days>', 'what counts as soon; by default pki.expiryNoticeDays', parseDays)
    .option('--json', 'print one JSON array', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing ends soon, 1 something ends soon or has ended, 2 the state could not be read.',
    )
    .action(show);
}

function parseDays(value: string): number {
  if (!/^[0-9]{1,5}$/.test(value)) throw new InvalidArgumentError('Give a whole number of days.');
  return Number(value);
}

async function show(wanted: string | undefined, options: CertificatesOptions): Promise<void> {
  const { config } = await loadConfig(options.config);
  const { name, stack } = chooseDeployedStack(config, options.config, wanted);
  const terraform = await findTerraform(stack, 'read');
  const output = await readCertificateOutput(terraform, stackFolder(options.out, name), name);
  const plan = resolveInfrastructure(resolve(name, stack), stack).certificates;
  const states = certificateStates(output, {
    stack: name,
    plan,
    now: new Date(),
    withinDays: options.within,
  });
  const due = states.filter(({ state }) => state !== 'valid');
  process.exitCode = due.length === 0 ? ExitCode.ok : ExitCode.attention;
  if (options.json) {
    process.stdout.write(`${JSON.stringify(states)}\n`);
    return;
  }
  process.stdout.write(`${columns([certificatesText.head, ...states.map(cells)]).join('\n')}\n\n`);
  const out = terminal(process.stdout);
  const advice = [...new Set(due.map(({ kind }) => certificatesText.advice(kind, plan.mode === 'external')))];
  const lines =
    due.length === 0
      ? [`${paint(out, 'green', '✔')} ${certificatesText.well(options.within ?? plan.expiryNoticeDays)}`]
      : advice.map((line) => `${paint(out, 'red', '✘')} ${line}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function cells(one: CertificateState): string[] {
  return [
    [certificatesText.kinds[one.kind], one.name].filter((word) => word !== '').join(' '),
    one.generation === undefined ? '' : String(one.generation),
    one.serial,
    one.authority,
    certificatesText.days(one.endsInDays),
    `${certificatesText.states[one.state]}${one.isPrevious ? certificatesText.previous : ''}`,
  ];
}
