// @ts-check
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * What the set-up knows about node_modules. It lies inside it, so that it goes when the packages go.
 *
 * @typedef {object} Stamp
 * @property {string} lockSha256 hash of the package-lock.json that was installed
 * @property {string} platform some packages hold programs for one platform only
 * @property {readonly string[]} unavailable packages of the distribution that were asked for and could not be had
 * @property {number} unavailableUntilMs when to ask for them again, in milliseconds since 1970
 */

const STAMP = '.review-hardening-kit.json';
const ASK_AGAIN_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Packages are used and not built, so install scripts (code of other people, run as whoever runs this) stay off.
 * `--include=dev`: also where NODE_ENV=production is set. `--loglevel`: an outer `npm --silent` would keep npm from
 * saying why it failed.
 */
const NPM_ARGUMENTS = [
  'ci',
  '--include=dev',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--loglevel=warn',
];

/**
 * @param {string} root
 * @returns {Pick<Stamp, 'lockSha256' | 'platform'>}
 */
function wanted(root) {
  return {
    lockSha256: createHash('sha256')
      .update(readFileSync(join(root, 'package-lock.json')))
      .digest('hex'),
    platform: `${process.platform}-${process.arch}`,
  };
}

/**
 * Tells whether node_modules holds the packages of package-lock.json. Packages that someone installed with npm by hand
 * from the same lock file count too, and get the stamp.
 *
 * @param {string} root the project's folder
 */
export function npmPackagesAreCurrent(root) {
  const want = wanted(root);
  const stamp = readStamp(root);
  if (stamp !== undefined) return stamp.lockSha256 === want.lockSha256 && stamp.platform === want.platform;
  if (!installedByHand(root)) return false;
  markNpmPackages(root);
  return true;
}

/**
 * Compares npm's own record of what it installed with the lock file. The record lacks only what this platform does not
 * use.
 *
 * @param {string} root
 */
function installedByHand(root) {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  const locked = readJson(join(root, 'package-lock.json'))?.packages;
  if (installed === undefined || locked === undefined) return false;
  return (
    Object.keys(installed).every((name) => name in locked) &&
    Object.entries(locked).every(([name, { version, integrity, ...entry }]) => {
      const found = installed[name];
      if (found === undefined) return name === '' || (entry.optional === true && !isForThisPlatform(entry));
      return found.version === version && found.integrity === integrity;
    })
  );
}

/**
 * Tells whether an optional package was made for this platform. Of those that name a C library, npm takes one; that
 * one is not told apart here.
 *
 * @param {{ os?: string[], cpu?: string[], libc?: string[] }} entry
 */
function isForThisPlatform({ os, cpu, libc }) {
  return (
    os?.includes(process.platform) === true && cpu?.includes(process.arch) === true && libc === undefined
  );
}

/**
 * Records that node_modules was installed from the present package-lock.json.
 *
 * @param {string} root
 * @param {readonly string[]} [unavailable]
 */
export function markNpmPackages(root, unavailable = []) {
  /** @type {Stamp} */
  const stamp = { ...wanted(root), unavailable, unavailableUntilMs: Date.now() + ASK_AGAIN_AFTER_MS };
  // A lock file without packages makes no folder.
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, 'node_modules', STAMP), `${JSON.stringify(stamp, null, 2)}\n`);
}

/**
 * The distribution's packages that an earlier set-up could not get: no need to ask for them at every run.
 *
 * @param {string} root
 * @returns {readonly string[]}
 */
export function unavailablePackages(root) {
  const stamp = readStamp(root);
  return stamp !== undefined && Date.now() < stamp.unavailableUntilMs ? stamp.unavailable : [];
}

/**
 * @param {string} root
 * @returns {Stamp | undefined}
 */
function readStamp(root) {
  return readJson(join(root, 'node_modules', STAMP));
}

/**
 * @param {string} file
 * @returns {any} undefined when there is no such file or no JSON in it
 */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The command that installs the packages: with the npm that runs the present script, where one does.
 *
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string[]}
 */
export function npmCommand(environment = process.env) {
  const npm = environment['npm_execpath'];
  // pnpm and yarn set the variable too.
  return npm !== undefined && basename(npm) === 'npm-cli.js'
    ? [process.execPath, npm, ...NPM_ARGUMENTS]
    : ['npm', ...NPM_ARGUMENTS];
}

/** The same for people to read. */
export const NPM_COMMAND_TEXT = `npm ${NPM_ARGUMENTS.join(' ')}`;
