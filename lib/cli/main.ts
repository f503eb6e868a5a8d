import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ExitCode } from '../messages/user-error.ts';
import { showError } from './show-error.ts';

const description =
  'Hardens self-hosted AI code review. One configuration renders an nginx gateway with mutual TLS in front of Ollama, ' +
  'a private CA issues one certificate for each service, and a probe shows from outside that it holds.';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('hardening')
  .version(version)
  .description(description)
  // A command with commands of its own gets its options whole.
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for the options)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? ExitCode.ok : ExitCode.unable))
  .addHelpText('after', '\nExit codes: 0 done, 1 something needs attention, 2 bad input or not possible.');
const commands = new Map<string, () => Promise<Command>>([
  ['init', async () => (await import('./init.ts')).initCommand()],
  ['render', async () => (await import('./render.ts')).renderCommand()],
  ['policy', async () => (await import('./policy.ts')).policyCommand()],
  ['review', async () => (await import('./review.ts')).reviewCommand()],
  ['probe', async () => (await import('./probe.ts')).probeCommand()],
  ['sandbox', async () => (await import('./sandbox.ts')).sandboxCommand()],
  ['synth', async () => (await import('./synth.ts')).synthCommand()],
  ['deploy', async () => (await import('./deploy.ts')).deployCommand()],
  ['status', async () => (await import('./status.ts')).statusCommand()],
  ['destroy', async () => (await import('./destroy.ts')).destroyCommand()],
  ['bundle', async () => (await import('./bundle.ts')).bundleCommand()],
  ['certificates', async () => (await import('./certificates.ts')).certificatesCommand()],
  ['pki', async () => (await import('./pki.ts')).pkiCommand()],
]);
// Loading all of them takes twice as long as loading the one that is asked for; the help names all.
const asked = commands.get(process.argv[2] ?? '');
for (const load of asked === undefined ? commands.values() : [asked]) {
  const command = await load();
  program.addCommand(command.copyInheritedSettings(program));
  for (const own of command.commands) own.copyInheritedSettings(command);
}

// Whoever reads may stop early, as head(1) does: what was asked for is done, and there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = showError(error);
}
