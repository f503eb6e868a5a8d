import { Command } from 'commander';
import { probeErrors } from '../messages/probe.ts';
import { probe } from '../probe/index.ts';
import { probeDefaults } from '../probe/options.ts';
import { exitCodeOf, renderReport } from '../probe/report.ts';
import type { ProbeOptions } from '../probe/types.ts';
import { progress, terminal } from '../messages/terminal.ts';
import { portOf } from './parameters.ts';

interface Flags {
  readonly port?: number;
  readonly plainPort?: number;
  readonly serverName?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly model?: string;
  readonly timeoutMs?: number;
  readonly onlyGateway?: true;
  readonly acknowledge?: Readonly<Record<string, string>>;
  readonly json?: true;
}

/** When the command has to end, in milliseconds since its process began; half a second is left for the report. */
const promisedMs = 9_500;

const wholeNumber = /^\d{1,6}$/;

function parsePort(option: string): (value: string) => number {
  return (value) => {
    const port = portOf(value);
    if (port === undefined) throw probeErrors.badPort(option, value);
    return port;
  };
}

function parseTime(value: string): number {
  const number = wholeNumber.test(value) ? Number(value) : 0;
  if (number < 100 || number > 5000) throw probeErrors.badTime(value);
  return number;
}

function parseAcknowledgement(value: string, previous: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf('=');
  if (at < 1 || at === value.length - 1) throw probeErrors.badAcknowledgement(value);
  return { ...previous, [value.slice(0, at)]: value.slice(at + 1) };
}

const more = `
Without --cert and --key it looks as a stranger does: which of the usual ports (11434, 80, 443, 3000, 8080,
8081, 8888) answer and as what, whether an Ollama serves anyone, what TLS and the certificate are worth, whether
a client certificate is demanded, and what refusals give away. With --cert, --key and --ca it also looks as a
client: 200 for a read, 403 for a call that changes models, 429 for a burst. With --model it asks for one short
stream. Calls that must be refused carry JSON that breaks off: if they are served after all, they cost nothing
and change nothing.

A port that gives no answer in time is "filtered", which is not "safe": probe from outside the machine's own
network, as an attacker would. The whole probe ends within 10 seconds.

Examples:
  hardening probe gateway.example.com
  hardening probe gateway.example.com --ca ca.pem --cert ci.pem --key ci.key --model qwen2.5-coder:7b
  hardening probe 203.0.113.7 --server-name gateway.example.com --json > verdict.json
  hardening probe 127.0.0.1 --port 8443 --plain-port 8088 --server-name gateway.example.com --only-gateway
  hardening probe gateway.example.com --acknowledge no-post-quantum-key-exchange="OpenSSL 3.0 of debian-12"

Exit codes:
  0  it holds: no findings above info, and every check that was tried could be told
  1  findings
  2  could not tell, or bad input
`;

/** The command `hardening probe HOST`. */
export function probeCommand(): Command {
  return new Command('probe')
    .summary('show what an attacker sees of a machine')
    .description(
      'Shows what an attacker sees of a machine that runs the gateway, or of any machine with Ollama.',
    )
    .argument('<host>', 'host name or IP address')
    .option(
      '--port <port>',
      `the gateway's TLS port (default: ${probeDefaults.gatewayPort})`,
      parsePort('--port'),
    )
    .option(
      '--plain-port <port>',
      `the gateway's plain port (default: ${probeDefaults.plainPort})`,
      parsePort('--plain-port'),
    )
    .option('--server-name <name>', 'name for SNI, Host and the name check (default: HOST)')
    .option(
      '--ca <file>',
      "PEM file with the CA of the gateway's certificate (default: the chain is not judged)",
    )
    .option('--cert <file>', 'PEM file with a client certificate that should be accepted')
    .option('--key <file>', 'PEM file with its private key')
    .option('--model <name>', 'a model for the streaming check: one inference of 32 tokens (default: none)')
    .option(
      '--timeout-ms <milliseconds>',
      `time-out of each step, 100 to 5000 (default: ${probeDefaults.timeoutMs})`,
      parseTime,
    )
    .option('--only-gateway', "try the gateway's two ports and no others")
    .option(
      '--acknowledge <id=reason>',
      'a finding that is known and why; still told, no longer counted; may be repeated',
      parseAcknowledgement,
    )
    .option('--json', 'print one JSON document (docs/probe.md) instead of the table')
    .addHelpText('after', more)
    .action(async (host: string, flags: Flags) => {
      const { port, acknowledge, json, ...rest } = flags;
      const options: ProbeOptions = {
        host,
        deadlineMs: Math.max(1_000, promisedMs - performance.now()),
        ...rest,
        ...(port === undefined ? {} : { gatewayPort: port }),
        ...(acknowledge === undefined ? {} : { acknowledged: acknowledge }),
      };
      const errors = terminal(process.stderr);
      const report = await probe(options, (text) => progress(errors, `  ${text} …`)).finally(() =>
        progress(errors, ''),
      );
      process.stdout.write(
        json === true
          ? `${JSON.stringify(report, null, 2)}\n`
          : renderReport(report, terminal(process.stdout)),
      );
      process.exitCode = exitCodeOf(report);
    });
}
