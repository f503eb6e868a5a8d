import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { policyText } from '../messages/policy.ts';
import { terminal } from '../messages/terminal.ts';
import { ExitCode } from '../messages/user-error.ts';
import { parseAcknowledgements, readAcknowledgements } from '../policy/acknowledgements.ts';
import {
  defaultCircumstances,
  evaluateStack,
  isRefused,
  unusedAcknowledgements,
} from '../policy/evaluate.ts';
import { readStack } from '../policy/input/read-stack.ts';
import { reportOf } from '../policy/report.ts';
import { rules } from '../policy/rules/index.ts';
import { sarifOf } from '../policy/sarif.ts';
import { portOf } from './parameters.ts';

interface PolicyOptions {
  readonly acknowledgements?: string;
  readonly modelPort: readonly number[];
  readonly json?: true;
  readonly sarif?: true;
}

const defaultFolder = 'cdktf.out';

const more = `
A file is terraform's JSON configuration, such as cdktf writes, or what \`terraform show -json PLAN\` prints; this kit's or
any other. The folder assets beside it is looked at too. A plan shows what would be replaced or destroyed; the
configuration shows how user_data is made, and connections: look at both. Ports and machines are judged for DigitalOcean;
resources of other providers that open or run something are told as not judged.

A finding may stay where it is acknowledged with its rule, its resource and a reason: in the stack, or in a file
  [{ "rule": "ssh-open-to-world", "resource": "digitalocean_firewall.web", "reason": "…" }]

Exit codes: 0 no error that is not acknowledged, 1 there is one, 2 a file could not be read`;

/** `hardening policy`: the rules over a synthesized stack or a plan. */
export function policyCommand(): Command {
  return new Command('policy')
    .argument('[file...]', `stacks or plans (default: ${defaultFolder}/stacks/*/cdk.tf.json)`)
    .summary('check a synthesized stack or a plan against the rules')
    .description('Checks stacks against the rules of docs/policy.md. Reads files alone, and changes nothing.')
    .option('--acknowledgements <file>', 'findings that may stay, and why, as JSON')
    .option('--model-port <port>', "a port of Ollama's beside 11434; may be repeated", parseModelPort, [])
    .addOption(new Option('--json', 'print one JSON document').conflicts('sarif'))
    .addOption(new Option('--sarif', 'print SARIF 2.1.0, for code hosts'))
    .addHelpText('after', more)
    .action((files: readonly string[], options: PolicyOptions) => {
      const stacks = (files.length === 0 ? synthesizedStacks(defaultFolder) : files).map(readStack);
      const given =
        options.acknowledgements === undefined ? [] : readAcknowledgements(options.acknowledgements);
      const circumstances = defaultCircumstances(options.modelPort);
      const found = stacks.flatMap((stack) => {
        const own = parseAcknowledgements(stack.acknowledgements ?? [], stack.name);
        const ofStack = evaluateStack(stack, circumstances, [...own, ...given]);
        return [...ofStack, ...unusedAcknowledgements(ofStack, own, stack.name)];
      });
      // One of the file may be for a single stack of several.
      const findings = [...found, ...unusedAcknowledgements(found, given, stacks.at(-1)?.name ?? '')];
      const names = stacks.map(({ name }) => name);
      process.exitCode = isRefused(findings) ? ExitCode.attention : ExitCode.ok;
      if (options.sarif === true) print(sarifOf(findings, rules, version()));
      else if (options.json === true) print({ stacks: names, findings });
      else process.stdout.write(reportOf(findings, names, rules, terminal(process.stdout)));
    });
}

function print(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

function parseModelPort(value: string, previous: readonly number[]): number[] {
  const port = portOf(value);
  if (port === undefined) throw policyText.badPort(value);
  return [...previous, port];
}

function synthesizedStacks(folder: string): string[] {
  const stacks = join(folder, 'stacks');
  const there =
    statSync(stacks, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(stacks) : [];
  const files = there
    .sort()
    .map((name) => join(stacks, name, 'cdk.tf.json'))
    .filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined);
  if (files.length === 0) throw policyText.noStacks(stacks);
  return files;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
