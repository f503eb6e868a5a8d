import { Command } from 'commander';
import { ExitCode, UserError } from '../messages/user-error.ts';
import { renderCommand } from './render.ts';
import { paint, terminal } from './terminal.ts';

const description = `Hardens self-hosted AI code review: one configuration renders an nginx gateway with mutual TLS in
front of Ollama, a private CA issues one certificate for each service, and a probe shows from outside that it holds.`;

const program = new Command('hardening')
  .description(description)
  .addCommand(renderCommand())
  .showHelpAfterError('(add --help for the options)')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? ExitCode.ok : ExitCode.unable);
  })
  .addHelpText('after', '\nExit codes: 0 done, 1 something needs attention, 2 bad input or not possible.');
for (const command of program.commands) command.copyInheritedSettings(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  const to = terminal(process.stderr);
  process.stderr.write(
    `${paint(to, 'red', 'error:')} ${error.message}\n${paint(to, 'bold', 'fix:')} ${error.fix}\n`,
  );
  process.exitCode = error.exitCode;
}
