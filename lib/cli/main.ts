import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ExitCode } from '../messages/user-error.ts';
import { bundleCommand } from './bundle.ts';
import { certificatesCommand } from './certificates.ts';
import { deployCommand } from './deploy.ts';
import { destroyCommand } from './destroy.ts';
import { initCommand } from './init.ts';
import { policyCommand } from './policy.ts';
import { pkiCommand } from './pki.ts';
import { probeCommand } from './probe.ts';
import { renderCommand } from './render.ts';
import { reviewCommand } from './review.ts';
import { sandboxCommand } from './sandbox.ts';
import { showError } from './show-error.ts';
import { statusCommand } from './status.ts';
import { synthCommand } from './synth.ts';

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
for (const command of [
  initCommand(),
  renderCommand(),
  policyCommand(),
  reviewCommand(),
  probeCommand(),
  sandboxCommand(),
  synthCommand(),
  deployCommand(),
  statusCommand(),
  destroyCommand(),
  bundleCommand(),
  certificatesCommand(),
  pkiCommand(),
]) {
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
