import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const ip = (...args: string[]): boolean => spawnSync('ip', args, { stdio: 'ignore' }).status === 0;

/** A network namespace in which packets to one address vanish. */
export interface BlackHole {
  /** The address whose packets nobody takes. */
  readonly address: string;
  /** The words in front of a command that runs it inside. */
  readonly command: readonly string[];
  readonly remove: () => void;
}

/**
 * Makes a network namespace with an address that packets are sent to and nobody owns: both ends of a veth pair, and a fixed
 * neighbour entry, so that no ARP answer is waited for. Returns undefined where that is not allowed.
 */
export function blackHole(): BlackHole | undefined {
  const name = `probe-${process.pid}`;
  const remove = (): void => void ip('netns', 'delete', name);
  if (!ip('netns', 'add', name)) return undefined;
  const made =
    ip('-n', name, 'link', 'set', 'lo', 'up') &&
    ip('-n', name, 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far') &&
    ip('-n', name, 'address', 'add', '198.51.100.1/24', 'dev', 'near') &&
    ip('-n', name, 'link', 'set', 'near', 'up') &&
    ip('-n', name, 'link', 'set', 'far', 'up') &&
    ip(
      '-n',
      name,
      'neighbour',
      'add',
      '198.51.100.2',
      'lladdr',
      '02:00:00:00:00:02',
      'dev',
      'near',
      'nud',
      'permanent',
    );
  if (!made) {
    remove();
    return undefined;
  }
  process.once('exit', remove);
  return { address: '198.51.100.2', command: ['ip', 'netns', 'exec', name], remove };
}

/** A port of 127.0.0.1 whose kernel drops every further connection. */
export interface FullPort {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Stops a process that listens, then fills its queue of connections that wait to be accepted. Linux drops the next SYN. */
export async function fullPort(): Promise<FullPort> {
  const program =
    "const s=require('net').createServer();s.listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  for (let index = 0; index < 8; index += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    waiting.push(socket);
  }
  await once(waiting[0] as Socket, 'connect');
  return {
    port,
    stop: async () => {
      process.off('exit', kill);
      for (const socket of waiting) socket.destroy();
      kill();
      await once(child, 'exit');
    },
  };
}
