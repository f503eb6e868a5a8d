import { isIP } from 'node:net';
import { Command, Option } from 'commander';
import { firstUnprivilegedPort, ollamaPort, type ForwarderListen } from '../bundle/forwarder.ts';
import { makeBundle, type MadeBundle } from '../bundle/make-bundle.ts';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import type { Config, StackConfig } from '../config/schema.ts';
import { dnsName, unixUser } from '../config/values.ts';
import { bundleText } from '../messages/bundle.ts';
import { configText } from '../messages/config.ts';
import { maximumGeneration } from '../pki/identity.ts';
import { bundleVerifyCommand } from './bundle-verify.ts';
import { parseFolder, portOf } from './parameters.ts';

interface BundleOptions {
  readonly out?: string;
  readonly config: string;
  readonly stack?: string;
  readonly terraformOut: string;
  readonly pki?: string;
  readonly generation?: number;
  readonly address?: string;
  readonly port?: number;
  readonly forUser?: readonly string[];
  readonly forGroup?: string;
  readonly json: boolean;
}

const help = `
What DIR has: certificate.pem, key.pem, ca.pem, and a forwarder for programs that cannot show a certificate: plain HTTP
in, mutual TLS out to the gateway. Run it again for a renewed certificate: one link moves, and how the forwarder listens
stays unless it is said again. Folders are 0700, files 0600.

On the host of the service, as root: sh DIR/install.sh. There the forwarder is a unit of systemd, and
  OLLAMA_HOST=http://127.0.0.1:11434          is for ollama and its libraries
  http://127.0.0.1:11434/v1                   for those of OpenAI
  http://127.0.0.1:11434/ollama/api           as base_url of LiveReview's connector
For programs in containers: docker compose with DIR/compose.yaml, and http://forwarder:11434 in its network.

Exit codes: 0 done, 2 not possible; nothing was written then.

Examples:
  hardening bundle live-review --out bundles/live-review --for-user livereview
  hardening bundle ci --out bundles/ci --for-group ci-runners        a unix socket in place of the port
  hardening bundle ci --out bundles/ci --pki pki                     from the folder of hardening pki`;

/** `hardening bundle`: what a service's host needs to call the gateway. */
export function bundleCommand(): Command {
  return (
    new Command('bundle')
      .argument('<service>', 'the service')
      // What stands after `verify` is for it.
      .enablePositionalOptions()
      .summary("hand a service its certificate, with a forwarder for programs that can't show one")
      .description(
        "Makes the folder that a service's host needs: certificate, key, CA and forwarder, from the outputs of the " +
          'deployed stack or from the folder of `hardening pki`; checks them first.',
      )
      // Not a required option of commander, which would want it of `verify` as well.
      .option(
        '--out <dir>',
        'where the bundle goes: a folder that is not there yet, or one to renew',
        parseFolder,
      )
      .option('--config <file>', 'the configuration', defaultConfigFile)
      .option('--stack <name>', 'the stack; may be left out where there is only one')
      .option('--terraform-out <dir>', 'where the stacks were synthesized to', parseFolder, 'cdktf.out')
      .option('--pki <dir>', 'take the certificate from this folder of hardening pki', parseFolder)
      .option(
        '--generation <number>',
        'the generation; by default that of the configuration',
        parseGeneration,
      )
      .option('--address <host>', "where to connect to; by default the gateway's first name", parseAddress)
      .option('--port <port>', `the port on loopback (default: ${ollamaPort})`, parsePort)
      .option(
        '--for-user <name>',
        'a user of the host who may call, beside root; may be repeated',
        collectUser,
      )
      .addOption(
        new Option('--for-group <name>', 'listen on a unix socket for the members of this group').argParser(
          parseGroup,
        ),
      )
      .option('--json', 'print one JSON object, without secrets', false)
      .addHelpText('after', help)
      .addCommand(bundleVerifyCommand())
      .action(make)
  );
}

async function make(service: string, options: BundleOptions): Promise<void> {
  const { out } = options;
  if (out === undefined) throw bundleText.noFolder;
  const { config } = await loadConfig(options.config);
  const { name, stack } = chooseStack(config, options.stack);
  const made = await makeBundle({
    stackName: name,
    stack,
    configFile: options.config,
    service,
    generation: options.generation,
    pkiDirectory: options.pki,
    terraformOut: options.terraformOut,
    listen: listenOf(options),
    address: options.address,
    directory: out,
  });
  if (options.json) process.stdout.write(`${JSON.stringify(asJson(made, out))}\n`);
  else process.stdout.write(`${lines(made, out).join('\n')}\n`);
}

function chooseStack(config: Config, wanted: string | undefined): { name: string; stack: StackConfig } {
  const names = Object.keys(config.stacks);
  if (wanted === undefined && names.length > 1) throw bundleText.whichStack(names);
  const name = wanted ?? names[0] ?? '';
  const stack = Object.hasOwn(config.stacks, name) ? config.stacks[name] : undefined;
  if (stack === undefined) throw configText.noSuchStack(name, names);
  return { name, stack };
}

/** Undefined where nothing is said of it. */
function listenOf({ port, forUser, forGroup }: BundleOptions): ForwarderListen | undefined {
  if (forGroup === undefined && port === undefined && forUser === undefined) return undefined;
  if (forGroup === undefined)
    return { kind: 'loopback', port: port ?? ollamaPort, users: [...(forUser ?? [])] };
  if (port !== undefined || forUser !== undefined) throw bundleText.usersOrGroup;
  return { kind: 'socket', group: forGroup };
}

function lines(made: MadeBundle, directory: string): string[] {
  const { description, forwarder, ends, daysLeft, outcome } = made;
  const { listen, users, socketGroup } = forwarder.host;
  const { name, address, port } = description.gateway;
  const told = bundleText.made({
    ...description,
    ends,
    daysLeft,
    directory,
    isRenewal: outcome === 'renewed',
    gateway: address === name ? `${name}:${port}` : `${name}:${port} at ${address}`,
    listens: 'socket' in listen ? listen.socket : `${listen.address}:${listen.port}`,
    forWhom: socketGroup === undefined ? users.join(', ') : `the group ${socketGroup}`,
  });
  return outcome === 'unchanged' ? [bundleText.unchanged(directory), ...told.slice(1)] : told;
}

function asJson({ description, ends, daysLeft, outcome }: MadeBundle, directory: string): object {
  return { directory, outcome, ...description, ends: ends.toISOString(), daysLeft };
}

function parsePort(value: string): number {
  const port = portOf(value);
  if (port === undefined || port < firstUnprivilegedPort)
    throw bundleText.badPort(value, firstUnprivilegedPort);
  return port;
}

function parseGeneration(value: string): number {
  const number = /^[1-9][0-9]{0,9}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > maximumGeneration) throw bundleText.badGeneration(value);
  return number;
}

function parseAddress(value: string): string {
  if (isIP(value) === 0 && !dnsName.safeParse(value).success) throw bundleText.badAddress(value);
  return value;
}

function collectUser(value: string, before: readonly string[] = []): readonly string[] {
  if (!unixUser.safeParse(value).success) throw bundleText.badName('--for-user', value);
  return [...before, value];
}

function parseGroup(value: string): string {
  if (!unixUser.safeParse(value).success) throw bundleText.badName('--for-group', value);
  return value;
}
