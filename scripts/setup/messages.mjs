// @ts-check
// Every text that the set-up shows. It runs before the npm packages exist, so it cannot use lib/messages.

/** @param {readonly string[]} names */
const list = (names) => names.join(', ');

export const messages = {
  /** @param {string} command */
  installingNpmPackages: (command) =>
    `Set-up: installing the npm packages of package-lock.json (${command}) …`,
  /** @param {readonly string[]} packages @param {string} by */
  installingPrograms: (packages, by) => `Set-up: installing ${list(packages)} ${by} …`,
  /** @param {number} pid */
  waiting: (pid) => `Set-up: another one is running in this folder (process ${pid}); waiting for it to end …`,

  /** @param {readonly string[]} names */
  programsMissing: (names) => `Not installed: ${list(names)}.`,
  /** @param {string} command */
  runThis: (command) => `Fix: run this once, then the same command again:\n\n  ${command}\n`,
  /** @param {readonly string[]} names @param {string} system */
  installYourself: (names, system) =>
    `Fix: install ${list(names)} with the package manager of this system (${system}) and run the command again.`,
  /** @param {readonly string[]} packages */
  commandInstalls: (packages) =>
    `It runs apt-get install --no-install-recommends for ${list(packages)} and starts no service: nginx's own stays off.`,
  /** @param {readonly string[]} names @param {string} how */
  optionalMissing: (names, how) =>
    `Set-up: not installed: ${list(names)}; the tests that need them are skipped. ${how}`,
  /** @param {string} command */
  optionalCommand: (command) => `To have them: ${command}`,
  /** @param {readonly string[]} packages */
  optionalUnavailable: (packages) =>
    `Set-up: not to be had here: ${list(packages)}; the tests that need them are skipped.`,

  /** @param {string} what @param {number | string} status */
  commandFailed: (what, status) => `${what} failed (${status}).`,
  /** @param {string} log */
  seeLog: (log) =>
    `Fix: see why in its last lines above, put it right and run the command again. All of its output: ${log}`,
  /** @param {readonly string[]} names */
  stillMissing: (names) =>
    `The packages were installed, but ${list(names)} cannot be found in PATH or in the sbin folders.`,
  stillMissingFix:
    'Fix: look for the program with `command -v`, add its folder to PATH and run the command again.',
  /** @param {string} folder @param {string} reason */
  folderNotWritable: (folder, reason) => `The set-up must write to ${folder}, and cannot: ${reason}.`,
  folderNotWritableFix: 'Fix: clone the project to a folder of your own and run the command there.',
};
