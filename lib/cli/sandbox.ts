import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import type { StackConfig } from '../config/schema.ts';
import { configText } from '../messages/config.ts';
import { sandboxText } from '../messages/sandbox.ts';
import { ExitCode } from '../messages/user-error.ts';
import { renderReport } from '../probe/report.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { sandboxVerdict } from '../sandbox/verdict.ts';
import { stampsOf, watchFiles } from '../sandbox/watch-files.ts';
import { aborted, Ended, endingSignal } from './ending-signal.ts';
import { parseFolder, portOf } from './parameters.ts';
import { showError } from './show-error.ts';
import { paint, progress, terminal } from '../messages/terminal.ts';
import { sandboxLines } from './sandbox-lines.ts';

interface SandboxCommandOptions {
  readonly config: string;
  readonly stack?: string;
  readonly port: number;
  readonly plainPort: number;
  readonly stateDir?: string;
  readonly pki?: string;
  readonly upstream?: string;
  readonly once: boolean;
}

const help = `
What it makes, in the state folder (by default .sandbox, which git ignores):
  pki/            a private CA, the gateway's certificate, one certificate for each service; keys 0600 in a 0700 folder
  tree/           the rendered files, as on a machine but for paths, ports, user, process mode and upstream
  log/            access.log (JSON lines) and error.log
  sandbox.json    ports, paths, identities and process ids, for scripts; there while it is ready

--pki DIR uses an existing CA and server certificate and writes nothing there:
  DIR/certs/ca.crt, DIR/certs/server.crt, DIR/secrets/server.key, and to issue the services' certificates
  DIR/secrets/ca.key, or else DIR/certs/SERVICE-GENERATION.crt with DIR/secrets/SERVICE-GENERATION.key for each.

Exit codes: 0 the gateway holds (--once) or the sandbox was ended, 1 the probe found something or could not tell, or
nginx ended, 2 bad input or not possible, 130 ended before the verdict, or at once by a second Ctrl-C.

Examples:
  hardening sandbox                                      stands until Ctrl-C, follows changes of the configuration
  hardening sandbox --once                               ends after the verdict
  hardening sandbox --upstream http://127.0.0.1:11500    passes requests on to what listens there`;

/** `hardening sandbox`, which `npm start` runs: the configuration's own gateway on loopback, probed. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .summary('stand the gateway up on loopback, probe it, follow the configuration')
    .description(
      'Renders a stack for the nginx of this machine, starts it on loopback with a CA of its own in front of Ollama ' +
        '(or a stand-in), and shows what the probe sees. A saved change of the configuration is in force at once.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--stack <name>', 'which stack of it; by default the first')
    .option('--port <port>', "the gateway's port; a free one if it is taken", parsePort, 8443)
    .option(
      '--plain-port <port>',
      'the plain port, which answers 401; a free one if it is taken',
      parsePort,
      8080,
    )
    .option(
      '--state-dir <dir>',
      'folder for keys, files and logs; by default .sandbox, or .sandbox-2 beside one in use',
      parseFolder,
    )
    .option('--pki <dir>', 'use an existing CA and server certificate (see below)', parseFolder)
    .option(
      '--upstream <url>',
      "what to pass requests on to, or 'stand-in'; by default a local Ollama, else a stand-in",
    )
    .option('--once', 'end after the verdict, with exit code 0 or 1', false)
    .addHelpText('after', help)
    .action(run);
}

function parsePort(value: string): number {
  const port = portOf(value);
  if (port === undefined) throw new InvalidArgumentError('Give a whole number from 1 to 65535.');
  return port;
}

/** Runs it until it is told to end; a signal before the verdict leaves no answer. */
async function run(options: SandboxCommandOptions): Promise<void> {
  try {
    await stand(options, endingSignal());
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    process.exitCode = ExitCode.interrupted;
  }
}

async function stand(options: SandboxCommandOptions, ending: AbortSignal): Promise<void> {
  // Taken before the file is read: what is saved from here on is a change.
  const saved = await stampsOf([resolve(options.config)]);
  const { name, stack, files } = await chosenStack(options.config, options.stack, ending);
  const imported = await stampsOf(files);
  const over = new AbortController();
  const out = terminal(process.stdout);
  const err = terminal(process.stderr);
  progress(err, sandboxText.standingUp);
  const sandbox = await startSandbox({
    stackName: name,
    stack,
    port: options.port,
    plainPort: options.plainPort,
    stateDirectory: options.stateDir,
    pkiDirectory: options.pki,
    upstream: options.upstream,
    notice: (text) => {
      progress(err, '');
      process.stderr.write(`${paint(err, 'yellow', 'note:')} ${text}\n`);
    },
    ending,
  }).finally(() => progress(err, ''));
  try {
    const report = await sandboxVerdict(
      sandbox.description(),
      sandbox.deployment(),
      (what) => progress(err, sandboxText.probing(what)),
      ending,
    );
    progress(err, '');
    process.stdout.write(`${renderReport(report, out)}\n`);
    process.exitCode = report.verdict === 'holds' ? ExitCode.ok : ExitCode.attention;
    if (options.once) return;
    process.stdout.write(`${sandboxLines(name, sandbox, out)}\n\n${sandboxText.watching(options.config)}\n`);
    const unwatch = watchFiles(new Map([...imported, ...saved]), () =>
      follow(options.config, name, sandbox, AbortSignal.any([ending, over.signal])),
    );
    const nginxEnded = await Promise.race([aborted(ending), sandbox.ended]);
    // Not waited for: what it is applying fails when nginx is gone.
    void unwatch();
    if (nginxEnded !== undefined) throw sandboxText.nginxGone(nginxEnded, sandbox.logDirectory);
    process.exitCode = ExitCode.ok;
  } finally {
    over.abort();
    progress(err, '');
    await sandbox.stop();
  }
}

/**
 * Puts a saved configuration in force, or says why not and leaves the running one.
 *
 * @returns the files that it was read from; undefined where it could not be read
 */
async function follow(
  file: string,
  stackName: string,
  sandbox: Sandbox,
  ending: AbortSignal,
): Promise<readonly string[] | undefined> {
  const started = Date.now();
  const out = terminal(process.stdout);
  try {
    const { stack, files } = await chosenStack(file, stackName, ending);
    const changes = await sandbox.apply(stack);
    const text =
      changes.length === 0
        ? [sandboxText.unchanged]
        : [...changes, sandboxText.applied(Date.now() - started)];
    process.stdout.write(`\n${text.map((line) => `${paint(out, 'green', '>')} ${line}`).join('\n')}\n`);
    return files;
  } catch (error) {
    if (ending.aborted) return undefined;
    process.stderr.write(`\n${sandboxText.bad}\n`);
    showError(error);
    return undefined;
  }
}

async function chosenStack(
  file: string,
  wanted: string | undefined,
  ending: AbortSignal,
): Promise<{ name: string; stack: StackConfig; files: readonly string[] }> {
  const { config, files } = await loadConfig(file, { ending });
  const name = wanted ?? Object.keys(config.stacks)[0] ?? '';
  const stack = Object.hasOwn(config.stacks, name) ? config.stacks[name] : undefined;
  if (stack === undefined) throw configText.noSuchStack(name, Object.keys(config.stacks));
  return { name, stack, files };
}
