import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { verifyText } from '../../messages/bundle.ts';
import { UserError } from '../../messages/user-error.ts';
import { findNginx } from '../../sandbox/nginx-program.ts';
import { versionFolder } from '../forwarder.ts';
import type { Finding } from './finding.ts';

/**
 * Has this machine's nginx read the forwarder's configuration, in a copy of the version whose paths are its own. The copy
 * is in a folder of mode 0700 and is removed.
 *
 * @param version the folder with the version
 * @param key the path of the private key
 */
export async function checkForwarder(version: string, name: string, key: string): Promise<Finding> {
  const check = 'forwarder';
  const nginx = await findNginx().catch((error: unknown) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (nginx === undefined) return { check, outcome: 'unknown', text: verifyText.noNginx };
  const folder = await mkdtemp(join(tmpdir(), 'hardening-bundle-'));
  try {
    const { host, main } = await movedCopy(version, folder, name, key);
    // Whether the gateway's name is known here is not asked.
    const gateway = join(host, 'gateway.conf');
    const upstream = /^( *server )\S+( max_fails=0;)$/m;
    await writeFile(gateway, (await readFile(gateway, 'utf8')).replace(upstream, '$1127.0.0.1:1$2'));
    await promisify(execFile)(nginx.path, ['-t', '-q', '-e', 'stderr', '-c', main]);
    return { check, outcome: 'holds', text: verifyText.nginxAccepts };
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    if (stderr === undefined) throw error;
    return { check, outcome: 'attention', text: verifyText.nginxRefuses(stderr.trim()) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Copies a version to where it can be tried without an installation, with an empty runtime folder.
 *
 * @returns the folder of nginx's files there, and the main one of them
 */
export async function movedCopy(
  version: string,
  folder: string,
  name: string,
  key: string,
): Promise<{ readonly host: string; readonly main: string }> {
  const copy = join(folder, 'version');
  const run = join(folder, 'run');
  await cp(version, copy, { recursive: true });
  if (key !== join(version, 'key.pem')) await cp(key, join(copy, 'key.pem'), { dereference: true });
  for (const made of [run, join(run, 'socket')]) {
    await mkdir(made, { mode: 0o711 });
    await chmod(made, 0o711);
  }
  const host = join(copy, 'host');
  for (const file of await readdir(host)) {
    const text = await readFile(join(host, file), 'utf8');
    const moved = text.replaceAll(versionFolder(name), copy).replaceAll('/run/hardening-forwarder', run);
    await writeFile(join(host, file), moved);
  }
  return { host, main: join(host, 'nginx.conf') };
}
