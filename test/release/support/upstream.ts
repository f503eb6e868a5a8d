import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../../distributions/support/machine.ts';
import { within } from '../../gateway/support/waiting.ts';

/** What stands for Ollama on 127.0.0.1:11434 of a machine. */
export interface Upstream {
  /** Ends the texts that are being generated; until then they go on. */
  endStreams(): void;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('upstream-program.ts', import.meta.url));

/**
 * Starts this machine's Node in the network of another machine; its files stay outside.
 *
 * @param archive a file of this machine that it gives out as /ollama.tgz
 */
export async function startUpstream(machine: Machine, archive = ''): Promise<Upstream> {
  const [command = '', ...parameters] = machine.inNetwork([
    ...[process.execPath, '--import', 'tsx', program],
    archive,
  ]);
  const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const gone = ended.then(() => Promise.reject(new Error('the upstream ended')));
  await within(Promise.race([once(child, 'message'), gone]), 'the upstream');
  gone.catch(() => undefined);
  return {
    endStreams: () => child.send('end'),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
