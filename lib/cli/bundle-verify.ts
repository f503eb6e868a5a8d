import { Command } from 'commander';
import { verifyBundle, type Verdict } from '../bundle/verify/index.ts';
import { bundleText, verifyText } from '../messages/bundle.ts';
import { columns, paint, terminal, type Terminal } from '../messages/terminal.ts';
import { ExitCode } from '../messages/user-error.ts';

interface VerifyFlags {
  readonly days: number;
  readonly connect: boolean;
  readonly json: boolean;
}

/** `hardening bundle verify`: whether a bundle is what it should be. */
export function bundleVerifyCommand(): Command {
  return new Command('verify')
    .argument('<dir>', 'the bundle')
    .summary('look at a bundle where it is')
    .description(
      'Looks at modes and owners, at the certificate with its key, CA, name and end, and whether nginx accepts the ' +
        'forwarder. Changes nothing.',
    )
    .option('--connect', 'call the gateway once as the service: GET /api/version', false)
    .option(
      '--days <number>',
      'from how many days before its end a certificate wants attention',
      parseDays,
      14,
    )
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExit codes: 0 all is well, 1 something needs attention, 2 it could not be told.')
    .action(verify);
}

async function verify(directory: string, { days, connect, json }: VerifyFlags): Promise<void> {
  const verdict = await verifyBundle(directory, { noticeDays: days, connects: connect });
  const outcomes = verdict.findings.map(({ outcome }) => outcome);
  process.exitCode = outcomes.includes('attention')
    ? ExitCode.attention
    : outcomes.includes('unknown')
      ? ExitCode.unable
      : ExitCode.ok;
  const out = terminal(process.stdout);
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...verdict.description, findings: verdict.findings })}\n`
      : `${verdictLines(verdict, out).join('\n')}\n`,
  );
}

const titles = {
  modes: verifyText.modes,
  pair: verifyText.pair,
  chain: verifyText.chain,
  name: verifyText.name,
  end: verifyText.ends,
  forwarder: verifyText.forwarder,
  gateway: verifyText.gateway,
};

function verdictLines({ findings }: Verdict, out: Terminal): string[] {
  const signs = {
    holds: paint(out, 'green', '✔'),
    attention: paint(out, 'red', '✘'),
    unknown: paint(out, 'yellow', '?'),
  };
  return columns(findings.map(({ check, outcome, text }) => [signs[outcome], titles[check], text]));
}

function parseDays(value: string): number {
  if (!/^[0-9]{1,3}$/.test(value) || Number(value) > 365) throw bundleText.badDays(value);
  return Number(value);
}
