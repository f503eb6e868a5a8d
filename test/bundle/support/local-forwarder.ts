import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { movedCopy } from '../../../lib/bundle/verify/forwarder.ts';
import { makeMemoryFolder } from '../../../lib/sandbox/memory-folder.ts';
import { findNginx } from '../../../lib/sandbox/nginx-program.ts';
import { startGroup } from '../../../lib/sandbox/process-group.ts';
import { untilHolds } from '../../gateway/support/waiting.ts';
import { freePort } from '../../support/free-port.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { hardeningJson } from './command.ts';

/** A forwarder on a free port of loopback: this machine's nginx with the files of a bundle. */
export interface LocalForwarder {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** All that nginx said so far: its error log, which is its standard error. */
  errors(): string;
  /** Lines of the access log, parsed. */
  accessLog(): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/**
 * Makes a bundle of `service` by the command, and starts its forwarder where no installation is needed: with other paths,
 * in the foreground, and its access log in a file.
 */
export async function startLocalForwarder(
  { configFile, pkiDirectory }: { readonly configFile: string; readonly pkiDirectory: string },
  service: string,
): Promise<LocalForwarder> {
  const folder = await temporaryFolder();
  const nginx = await findNginx();
  const port = await freePort();
  const out = join(folder.path, 'bundle');
  const { version } = await hardeningJson([
    ...['bundle', service, '--config', configFile, '--pki', pkiDirectory, '--out', out, '--json'],
    ...['--address', '127.0.0.1', '--port', String(port)],
  ]);
  const name = String(version);
  const place = await makeMemoryFolder();
  const { host, main } = await movedCopy(
    join(out, 'versions', name),
    place,
    name,
    join(out, 'versions', name, 'key.pem'),
  );
  const log = join(place, 'access.log');
  const change = async (file: string, from: string, to: string): Promise<void> => {
    const text = await readFile(join(host, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    await writeFile(join(host, file), text.replace(from, to));
  };
  await change('nginx.conf', 'daemon on;', 'daemon off;');
  // As root, nginx would have workers of another user, who may not read the temporary folders of this test.
  if (process.getuid?.() === 0) await change('nginx.conf', 'daemon off;', 'daemon off;\nuser root root;');
  await change('log.conf', 'syslog:server=unix:/dev/log,nohostname,tag=hardening_forwarder', log);
  const group = await startGroup(nginx.path, ['-e', 'stderr', '-c', main], place);
  let endedHow: string | undefined;
  void group.ended.then((how) => (endedHow = how));
  await untilHolds(() => {
    if (endedHow !== undefined) throw new Error(`nginx ended: ${endedHow} ${group.errors()}`);
    return new Promise<boolean>((settle) => {
      const socket = connect({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        settle(true);
      }).on('error', () => settle(false));
    });
  }, 'the forwarder');
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    errors: () => group.errors(),
    accessLog: async () =>
      (await readFile(log, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: async () => {
      await group.stop();
      await folder.remove();
    },
  };
}
