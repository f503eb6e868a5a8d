// @ts-check
import { findProgram } from './find-program.mjs';

/** @typedef {'start' | 'test' | 'bench'} Purpose what the set-up is for: the command of the same name */

/**
 * A program that the kit runs and npm cannot bring.
 *
 * @typedef {object} Program
 * @property {string} name the program's file name
 * @property {string} aptPackage
 * @property {string} [brewFormula] absent: not to be had from Homebrew
 * @property {readonly Purpose[]} neededFor the command cannot work without it
 * @property {readonly Purpose[]} usedFor the command does more with it, and says what it leaves out without
 * @property {boolean} [rootOnly] of use to root on Linux only
 * @property {string} reason
 */

/** @type {readonly Program[]} */
export const PROGRAMS = [
  {
    name: 'nginx',
    aptPackage: 'nginx',
    brewFormula: 'nginx',
    neededFor: ['start', 'test', 'bench'],
    usedFor: [],
    reason: 'the gateway itself: the sandbox and the tests run the rendered files in it',
  },
  {
    name: 'openssl',
    aptPackage: 'openssl',
    brewFormula: 'openssl@3',
    neededFor: ['start', 'test', 'bench'],
    usedFor: [],
    reason: 'tells which key exchanges the machine has, and judges certificates and handshakes in the tests',
  },
  {
    name: 'ps',
    aptPackage: 'procps',
    neededFor: ['start', 'test', 'bench'],
    usedFor: [],
    reason: 'tells when nginx has taken a changed configuration; a minimal Debian lacks it',
  },
  {
    name: 'curl',
    aptPackage: 'curl',
    brewFormula: 'curl',
    neededFor: ['test'],
    usedFor: [],
    reason: 'an HTTP client that no one here wrote; the lines to copy use it',
  },
  {
    name: 'shellcheck',
    aptPackage: 'shellcheck',
    brewFormula: 'shellcheck',
    neededFor: [],
    usedFor: ['test'],
    reason: 'judges the shell scripts',
  },
  {
    name: 'pip3',
    aptPackage: 'python3-pip',
    brewFormula: 'python',
    neededFor: [],
    usedFor: ['test'],
    reason: 'brings linters and a client from PyPI, pinned by hash, into the cache',
  },
  {
    name: 'nmap',
    aptPackage: 'nmap',
    brewFormula: 'nmap',
    neededFor: [],
    usedFor: ['test'],
    reason: 'an outside judge of what the probe says about ports',
  },
  {
    name: 'mmdebstrap',
    aptPackage: 'mmdebstrap',
    neededFor: [],
    usedFor: ['test'],
    rootOnly: true,
    reason: 'builds the bare distribution roots that other nginx versions are tested in',
  },
  {
    name: 'systemd-nspawn',
    aptPackage: 'systemd-container',
    neededFor: [],
    usedFor: ['test'],
    rootOnly: true,
    reason: 'boots such a root as a machine of its own',
  },
  {
    name: 'ip',
    aptPackage: 'iproute2',
    neededFor: [],
    usedFor: ['test'],
    rootOnly: true,
    reason: 'connects such a machine to a network of its own',
  },
  {
    name: 'ssh',
    aptPackage: 'openssh-client',
    neededFor: [],
    usedFor: ['test'],
    rootOnly: true,
    reason: 'logs in to such a machine, and makes its keys',
  },
  {
    name: 'haproxy',
    aptPackage: 'haproxy',
    brewFormula: 'haproxy',
    neededFor: ['bench'],
    usedFor: [],
    reason: 'the gateway is measured against it',
  },
  {
    name: 'h2load',
    aptPackage: 'nghttp2-client',
    brewFormula: 'nghttp2',
    neededFor: ['bench'],
    usedFor: [],
    reason: 'makes load with client certificates',
  },
  {
    name: 'wrk',
    aptPackage: 'wrk',
    brewFormula: 'wrk',
    neededFor: ['bench'],
    usedFor: [],
    reason: 'makes plain load on the upstream alone',
  },
];

/**
 * The programs that a command lacks.
 *
 * @param {Purpose} purpose
 * @param {{ platform: NodeJS.Platform, isRoot: boolean }} host
 * @param {(name: string) => string | undefined} [find]
 * @returns {{ needed: Program[], used: Program[] }} `needed`: it cannot work without; `used`: it does less without
 */
export function missingPrograms(purpose, host, find = findProgram) {
  const missing = PROGRAMS.filter(
    (program) =>
      (program.neededFor.includes(purpose) || program.usedFor.includes(purpose)) &&
      (!program.rootOnly || (host.isRoot && host.platform === 'linux')) &&
      find(program.name) === undefined,
  );
  return {
    needed: missing.filter((program) => program.neededFor.includes(purpose)),
    used: missing.filter((program) => !program.neededFor.includes(purpose)),
  };
}
