// @ts-check
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findProgram } from './find-program.mjs';

/**
 * What the set-up must know of the machine to install a program.
 *
 * @typedef {object} Host
 * @property {NodeJS.Platform} platform
 * @property {string} name for messages, e.g. `Debian GNU/Linux 12 (bookworm)`
 * @property {'apt' | 'brew' | 'other'} packageManager
 * @property {boolean} isRoot
 * @property {'without-password' | 'with-password' | 'absent'} sudo 'with-password': there is sudo, and it would ask
 */

/**
 * Looks at this machine. Costs a call of sudo for an ordinary user on Linux, so only ask when a program is missing.
 *
 * @returns {Host}
 */
export function describeHost() {
  const isRoot = process.getuid?.() === 0;
  return {
    platform: process.platform,
    name: systemName(),
    packageManager: packageManager(),
    isRoot,
    sudo: isRoot || process.platform !== 'linux' ? 'absent' : sudoState(),
  };
}

/** @returns {Host['packageManager']} */
function packageManager() {
  if (process.platform === 'darwin') return 'brew';
  return process.platform === 'linux' && findProgram('apt-get') !== undefined ? 'apt' : 'other';
}

/** @returns {Host['sudo']} */
function sudoState() {
  if (findProgram('sudo') === undefined) return 'absent';
  // -n: fail rather than ask.
  const { status } = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return status === 0 ? 'without-password' : 'with-password';
}

function systemName() {
  if (process.platform === 'darwin') return 'macOS';
  try {
    const line = /^PRETTY_NAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'));
    if (line?.[1] !== undefined) return line[1].replace(/^(["'])(.*)\1$/, '$2');
  } catch {
    // No os-release: the platform's name has to do.
  }
  return process.platform;
}
