import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/setup/find-program.mjs';

/**
 * Why the roots of other distributions cannot be made and entered on this machine.
 *
 * @param programs that are needed as well
 * @returns undefined where they can
 */
export function reasonToSkip(...programs: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'needs namespaces of Linux';
  if (process.getuid?.() !== 0) return 'needs root, for mounts';
  for (const program of ['mmdebstrap', 'unshare', 'nsenter', 'chroot', ...programs]) {
    if (findProgram(program) === undefined) return `needs ${program}, which is not installed`;
  }
  if (hostRelease() === undefined) return "needs Debian's own mirror, which apt has on Debian only";
  const attempt = spawnSync(
    'unshare',
    ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'],
    { encoding: 'utf8' },
  );
  return attempt.status === 0 ? undefined : `needs namespaces and mounts: ${attempt.stderr.trim()}`;
}

/**
 * Why a root cannot be booted on this machine; undefined where it can.
 *
 * @param programs that are needed as well
 */
export function reasonNotToBoot(...programs: readonly string[]): string | undefined {
  const folders = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd'];
  // On a file system that is mounted read-only, root may not write either.
  const ours = folders.some((folder) => existsSync(join(folder, 'cgroup.procs')) && isWritable(folder));
  return (
    reasonToSkip('systemd-nspawn', 'find', ...programs) ??
    (ours ? undefined : 'needs control groups that it may add to, for systemd')
  );
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The code name of the Debian release that this machine runs; undefined for other systems. */
export function hostRelease(): string | undefined {
  const text = readFileSync('/etc/os-release', 'utf8');
  if (!/^ID=debian$/m.test(text)) return undefined;
  return /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1];
}
