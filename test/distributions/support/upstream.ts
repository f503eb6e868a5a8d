import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../../gateway/support/waiting.ts';
import { script } from './contained.ts';
import type { Machine } from './machine.ts';

/** One request as the upstream got it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** In order, names in their original case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodySha256: string;
}

/** A stand-in for Ollama on 127.0.0.1:11434 of a machine. */
export interface Upstream {
  readonly requests: SeenRequest[];
  stop(): Promise<void>;
}

/** Starts this machine's Node in the network of another machine; its files stay outside. */
export async function startUpstream(machine: Machine): Promise<Upstream> {
  const program = [process.execPath, '--import', 'tsx', script('upstream-program.ts')];
  const [command = '', ...parameters] = machine.inNetwork(program);
  const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const requests: SeenRequest[] = [];
  const listening = once(child, 'message');
  await within(
    Promise.race([listening, ended.then(() => Promise.reject(new Error('the upstream ended')))]),
    'the upstream',
  );
  child.on('message', (message) => requests.push(message as SeenRequest));
  return {
    requests,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
