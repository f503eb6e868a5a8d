import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running nginx. */
export interface Nginx {
  readonly stop: () => Promise<void>;
}

/** Version of the OpenSSL that nginx runs with, for example `3.0.19`. */
export function nginxOpenssl(): string {
  const { stderr } = spawnSync('nginx', ['-V'], { encoding: 'utf8' });
  const version =
    /running with OpenSSL (\d+\.\d+\.\d+)/.exec(stderr)?.[1] ??
    /built with OpenSSL (\d+\.\d+\.\d+)/.exec(stderr)?.[1];
  if (version === undefined) throw new Error(`nginx -V says no OpenSSL version: ${stderr}`);
  return version;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Starts nginx with the given `http` block in `folder` and waits until every port of `ports` answers. */
export async function startNginx(folder: string, http: string, ports: readonly number[]): Promise<Nginx> {
  mkdirSync(folder, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n');
  const file = join(folder, 'nginx.conf');
  const log = join(folder, 'error.log');
  // One process: nothing is left behind when it is killed, and no second user is needed.
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')}; error_log ${log};
events {}
http {
access_log off;
${temporary}
${http}
}
`,
  );
  const child: ChildProcess = spawn('nginx', ['-p', folder, '-e', log, '-c', file], { stdio: 'ignore' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) break;
    const up = await Promise.all(ports.map(listens));
    if (up.every(Boolean)) return { stop };
    await sleep(25);
  }
  await stop();
  throw new Error(`nginx did not start: ${readFileSync(log, 'utf8')}`);
}
