// @ts-check

/**
 * How missing programs get onto the machine.
 *
 * @typedef {object} InstallPlan
 * @property {'run' | 'ask-user' | 'unknown-system'} kind 'run': the set-up runs `command` itself; 'ask-user': only the
 *   user can, so `command` is shown; 'unknown-system': there is no command to give
 * @property {readonly string[]} command the program and its arguments
 * @property {readonly string[]} packages the packages in it
 */

/** A word that a POSIX shell takes as it is. */
const PLAIN_WORD = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * Writes a command for a person to copy into a POSIX shell.
 *
 * @param {readonly string[]} command
 */
export function shellLine(command) {
  return command
    .map((word) => (PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/**
 * Decides how to install programs on a machine. Changes nothing.
 *
 * @param {{ needed: readonly import('./programs.mjs').Program[], used: readonly import('./programs.mjs').Program[] }} missing
 * @param {import('./host.mjs').Host} host
 * @param {string} script the full path of install-packages.sh
 * @returns {InstallPlan}
 */
export function planInstallation(missing, host, script) {
  if (host.packageManager === 'apt') {
    const needed = missing.needed.map((program) => program.aptPackage);
    const used = missing.used.map((program) => program.aptPackage);
    const asRoot = ['sh', script, ...needed, ...(used.length > 0 ? ['--optional', ...used] : [])];
    const packages = [...needed, ...used];
    if (host.isRoot) return { kind: 'run', command: asRoot, packages };
    if (host.sudo === 'without-password')
      return { kind: 'run', command: ['sudo', '-n', ...asRoot], packages };
    // Without sudo there is still the root password.
    const command = host.sudo === 'absent' ? ['su', '-c', shellLine(asRoot)] : ['sudo', ...asRoot];
    return { kind: 'ask-user', command, packages };
  }
  if (host.packageManager === 'brew') {
    const packages = [...missing.needed, ...missing.used].flatMap((program) => program.brewFormula ?? []);
    return { kind: 'ask-user', command: ['brew', 'install', ...packages], packages };
  }
  return { kind: 'unknown-system', command: [], packages: [] };
}
