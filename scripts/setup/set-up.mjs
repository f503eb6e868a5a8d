// @ts-check
import { join } from 'node:path';
import { describeHost } from './host.mjs';
import { planInstallation, shellLine } from './install-plan.mjs';
import { withLock } from './lock.mjs';
import { Interrupted, runLogged } from './logged-command.mjs';
import { messages } from './messages.mjs';
import {
  NPM_COMMAND_TEXT,
  markNpmPackages,
  npmCommand,
  npmPackagesAreCurrent,
  unavailablePackages,
} from './npm-packages.mjs';
import { missingPrograms } from './programs.mjs';
import { SetUpError } from './set-up-error.mjs';

/** @typedef {import('./programs.mjs').Purpose} Purpose */
/** @typedef {{ needed: import('./programs.mjs').Program[], used: import('./programs.mjs').Program[] }} Missing */

/** @param {readonly import('./programs.mjs').Program[]} programs */
const namesOf = (programs) => programs.map((program) => program.name);

/** @param {string} text */
const showOnStderr = (text) => console.error(text);

/**
 * Makes the machine ready for a command: npm packages from the lock file, programs from the distribution. Does nothing
 * but look where all is there. Two at a time wait for each other.
 *
 * @param {object} options
 * @param {string} options.root the project's folder
 * @param {Purpose | undefined} options.purpose undefined: npm packages only
 * @param {() => import('./host.mjs').Host} [options.host]
 * @param {typeof import('./find-program.mjs').findProgram} [options.find]
 * @param {(text: string) => void} [options.show] for progress and notes: on stderr unless told
 * @throws {SetUpError} what is missing and the command that brings it
 * @throws {Interrupted}
 */
export async function setUp({ root, purpose, host = describeHost, find, show = showOnStderr }) {
  const look = () => missing(root, purpose, find);
  if (npmPackagesAreCurrent(root) && isNothing(look())) return;
  // Says what only the user can do before it takes time for the rest.
  const machine = host();
  const script = join(root, 'scripts', 'install-packages.sh');
  const askUser = !isNothing(look()) && planInstallation(look(), machine, script).kind !== 'run';
  if (askUser) tellUser(look(), machine, script, show);
  if (askUser && npmPackagesAreCurrent(root)) return;

  await withFolderLock(root, show, async () => {
    if (!npmPackagesAreCurrent(root)) {
      show(messages.installingNpmPackages(NPM_COMMAND_TEXT));
      await runLogged(npmCommand(), { folder: root, what: 'npm ci', show });
      markNpmPackages(root);
    }
    if (!askUser && !isNothing(look())) await installPrograms(look(), machine, script, root, look, show);
  });
}

/** @param {Missing} programs */
function isNothing(programs) {
  return programs.needed.length + programs.used.length === 0;
}

/**
 * @param {string} root
 * @param {Purpose | undefined} purpose
 * @param {typeof import('./find-program.mjs').findProgram | undefined} find
 * @returns {Missing}
 */
function missing(root, purpose, find) {
  if (purpose === undefined) return { needed: [], used: [] };
  const programs = missingPrograms(
    purpose,
    { platform: process.platform, isRoot: process.getuid?.() === 0 },
    find,
  );
  if (programs.used.length === 0) return programs;
  const unavailable = unavailablePackages(root);
  return { ...programs, used: programs.used.filter((program) => !unavailable.includes(program.aptPackage)) };
}

/**
 * Shows what the user has to install.
 *
 * @param {Missing} programs
 * @param {import('./host.mjs').Host} host
 * @param {string} script
 * @param {(text: string) => void} show
 * @throws {SetUpError} when the command cannot go on without
 */
function tellUser(programs, host, script, show) {
  const plan = planInstallation(programs, host, script);
  const names = namesOf([...programs.needed, ...programs.used]);
  if (programs.needed.length === 0) {
    const how =
      plan.command.length > 0
        ? messages.optionalCommand(shellLine(plan.command))
        : messages.installYourself(names, host.name);
    show(messages.optionalMissing(names, how));
    return;
  }
  if (plan.kind === 'unknown-system') {
    throw new SetUpError(messages.programsMissing(names), messages.installYourself(names, host.name));
  }
  const note = host.packageManager === 'apt' ? `\n${messages.commandInstalls(plan.packages)}` : '';
  throw new SetUpError(messages.programsMissing(names), messages.runThis(shellLine(plan.command)) + note);
}

/**
 * @param {Missing} programs
 * @param {import('./host.mjs').Host} host
 * @param {string} script
 * @param {string} root
 * @param {() => Missing} look
 * @param {(text: string) => void} show
 */
async function installPrograms(programs, host, script, root, look, show) {
  const plan = planInstallation(programs, host, script);
  show(messages.installingPrograms(plan.packages, host.isRoot ? 'with apt-get' : 'with sudo apt-get'));
  const output = await runLogged(plan.command, { folder: root, what: 'Installing packages', show });
  for (const line of output.split('\n'))
    if (line.startsWith('note: ')) show(`Set-up: ${line.slice('note: '.length)}`);
  const { needed, used } = look();
  if (needed.length > 0)
    throw new SetUpError(messages.stillMissing(namesOf(needed)), messages.stillMissingFix);
  if (used.length > 0) {
    const packages = used.map((program) => program.aptPackage);
    show(messages.optionalUnavailable(packages));
    markNpmPackages(root, [...new Set([...unavailablePackages(root), ...packages])]);
  }
}

/**
 * @param {string} root
 * @param {(text: string) => void} show
 * @param {() => Promise<void>} task
 */
async function withFolderLock(root, show, task) {
  try {
    await withLock(join(root, '.set-up.lock'), (pid) => show(messages.waiting(pid)), task);
  } catch (error) {
    const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
    if ((code === 'EACCES' || code === 'EROFS' || code === 'EPERM') && path?.startsWith(root) === true) {
      throw new SetUpError(messages.folderNotWritable(root, code), messages.folderNotWritableFix);
    }
    throw error;
  }
}

/**
 * Turns what a command threw into what the user sees.
 *
 * @param {unknown} error
 * @returns {number} the exit code
 */
export function reportFailure(error) {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof SetUpError) {
    console.error(`${error.message}\n${error.fix}`);
    return error.exitCode;
  }
  throw error;
}
