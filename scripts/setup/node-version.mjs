// @ts-check
// Only syntax that Node 12 can read: this file must load on a Node that is too old, to say so.
import { readFileSync } from 'node:fs';

/**
 * Tells what is wrong with a version of Node.
 *
 * @param {string} version as in `process.versions.node`
 * @param {string} range the range in package.json's `engines.node`, of the form `>=MAJOR[.MINOR[.PATCH]]`
 * @returns {string | undefined} a message with the fix, or undefined when the version is new enough
 */
export function nodeVersionProblem(version, range) {
  const least = range.replace(/^>=\s*/, '');
  const wanted = least.split('.').map(Number);
  const have = version.split('.').map(Number);
  const differing = wanted.findIndex((part, index) => part !== have[index]);
  if (differing === -1 || Number(have[differing]) > Number(wanted[differing])) return undefined;
  return (
    `This needs Node.js ${least} or newer; this is ${version}.\n` +
    `Fix: install a newer one (https://nodejs.org/en/download, nvm or your distribution) and run the command again.`
  );
}

/**
 * The range of Node versions that the project supports, from its package.json.
 *
 * @returns {string}
 */
export function supportedNodeRange() {
  const file = new URL('../../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).engines.node;
}
