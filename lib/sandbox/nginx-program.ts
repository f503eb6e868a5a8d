import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { sandboxText } from '../messages/sandbox.ts';
import type { Platform, Version } from '../model/platform.ts';

/** An nginx that was found, and what the files for it must suit. */
export interface NginxProgram {
  readonly path: string;
  readonly platform: Platform;
}

/** Where distributions and Homebrew put nginx, which an ordinary user's PATH may lack. */
const usualFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/**
 * Finds nginx and reads the versions of itself and its OpenSSL from `nginx -V`.
 *
 * @throws UserError where there is none, or one without TLS by OpenSSL or without HTTP/2
 */
export async function findNginx(searchPath = process.env['PATH'] ?? ''): Promise<NginxProgram> {
  for (const folder of [...searchPath.split(delimiter), ...usualFolders].filter(Boolean)) {
    const path = join(folder, 'nginx');
    if (await isExecutable(path)) return { path, platform: await platformOf(path) };
  }
  throw sandboxText.noNginx();
}

async function platformOf(path: string): Promise<Platform> {
  // nginx prints its build to standard error.
  const { stderr } = await promisify(execFile)(path, ['-V']);
  const nginxVersion = versionIn(stderr, /nginx version: \S+?\/(\d+)\.(\d+)\.(\d+)/);
  const openSslVersion =
    versionIn(stderr, /running with OpenSSL (\d+)\.(\d+)\.(\d+)/) ??
    versionIn(stderr, /built with OpenSSL (\d+)\.(\d+)\.(\d+)/);
  if (nginxVersion === undefined || openSslVersion === undefined || !stderr.includes('http_v2_module')) {
    throw sandboxText.unsuitableNginx(path);
  }
  return { nginxVersion, openSslVersion };
}

function versionIn(text: string, pattern: RegExp): Version | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
