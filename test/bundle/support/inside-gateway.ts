import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../../distributions/support/machine.ts';
import type { StackInput } from '../../support/test-gateway.ts';

const program = fileURLToPath(new URL('gateway-program.ts', import.meta.url));

/** A gateway in the network of a machine; its files are this machine's. */
export interface InsideGateway {
  readonly configFile: string;
  readonly pkiDirectory: string;
  readonly logDirectory: string;
  replace(services: StackInput['services']): Promise<void>;
  stop(): Promise<void>;
}

/** Starts this machine's nginx and a stand-in for Ollama on the loopback of another machine. */
export async function startInsideGateway(machine: Machine, port: number): Promise<InsideGateway> {
  const [command = '', ...parameters] = machine.inNetwork([
    ...[process.execPath, '--import', 'tsx', program, String(port)],
  ]);
  const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const message = async (): Promise<unknown> => {
    const [said] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => Promise.reject(new Error('the gateway ended'))),
    ])) as [unknown];
    return said;
  };
  const files = (await message()) as Pick<InsideGateway, 'configFile' | 'pkiDirectory' | 'logDirectory'>;
  return {
    ...files,
    replace: async (services) => {
      const replaced = message();
      child.send(services);
      await replaced;
    },
    stop: async () => {
      child.disconnect();
      await ended;
    },
  };
}
