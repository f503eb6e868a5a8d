import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from '../../gateway/support/waiting.ts';

/** Answers every request on the ports that it is given, and names the port; says so when it listens. */
const serverProgram = `
  const { createServer } = require('node:http');
  Promise.all(process.argv.slice(1).map((port) => new Promise((done) =>
    createServer((_request, response) => response.end(port)).listen({ port: Number(port), host: '::' }, done),
  ))).then(() => console.log('listening'));
`;

/** Something that listens, outside of a machine or in its network. */
export interface World {
  stop(): Promise<void>;
}

/**
 * Starts a server that answers each of its ports over HTTP.
 *
 * @param into makes of a command of this machine one in the network where the server is to be
 */
export async function startWorld(
  into: (command: readonly string[]) => readonly string[],
  ports: readonly number[],
): Promise<World> {
  const [program = '', ...parameters] = into([process.execPath, '-e', serverProgram, ...ports.map(String)]);
  const child: ChildProcess = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  if (child.stdout === null) throw new Error('the server has no output');
  const line = once(createInterface(child.stdout), 'line');
  await within(
    Promise.race([line, ended.then(() => Promise.reject(new Error('the server ended')))]),
    'the server',
  );
  return {
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
