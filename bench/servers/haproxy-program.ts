import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Finds HAProxy where distributions put it; undefined where it is not installed. */
export async function findHaproxy(): Promise<{ path: string; version: string } | undefined> {
  for (const path of ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy']) {
    const output = await promisify(execFile)(path, ['-v']).catch(() => undefined);
    const version = output && /HAProxy version (\S+)/.exec(output.stdout)?.[1];
    if (version !== undefined) return { path, version };
  }
  return undefined;
}
