import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';
import { readDescription, startCommand, type CommandProcess } from '../../support/sandbox-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A configuration of one stack with the given services and further sections. */
export function configurationOf(services: string, more = ''): string {
  return `export default { stacks: { trial: {
    gateway: { serverNames: ['gateway.test'] },
    log: { accessLogBufferKiB: 0 },
    services: { ${services} },
    ${more}
  } } };`;
}

/**
 * Starts sandboxes in a folder of the test's own, and ends what is left of them.
 *
 * @param services those of the configuration that each begins with
 */
export async function sandboxRuns(services = 'ci: {}') {
  const folder = await temporaryFolder();
  const config = join(folder.path, 'hardening.config.ts');
  const started: CommandProcess[] = [];
  let count = 0;

  /** Starts a sandbox on free ports in a state folder of its own, before the stand-in unless told otherwise. */
  async function start(...more: string[]): Promise<{ command: CommandProcess; state: string }> {
    await writeFile(config, configurationOf(services));
    const state = join(folder.path, `state-${count++}`);
    const ports = ['--port', String(await freePort()), '--plain-port', String(await freePort())];
    const command = startCommand(
      ['sandbox', '--config', config, '--upstream', 'stand-in', '--state-dir', state, ...ports, ...more],
      folder.path,
    );
    started.push(command);
    return { command, state };
  }

  return {
    folder: folder.path,
    config,
    start,
    /** Has a process ended with the others. */
    keep: (command: CommandProcess): void => void started.push(command),
    /** Starts one and waits until it follows the configuration. */
    async ready(...more: string[]) {
      const { command, state } = await start(...more);
      await command.said(/Ctrl-C ends the sandbox/);
      return { command, state, description: await readDescription(state) };
    },
    /** Ends what a test left running: in order, else at once. */
    async endAll(): Promise<void> {
      for (const { child, ended } of started.splice(0)) {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGTERM');
          const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
          await ended;
          clearTimeout(late);
        }
      }
    },
    remove: () => folder.remove(),
  };
}

export type SandboxRuns = Awaited<ReturnType<typeof sandboxRuns>>;
