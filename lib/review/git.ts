import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reviewReport } from '../messages/review.ts';

/** The commit that the working tree is compared with. */
export interface Base {
  /** The whole hash. */
  readonly commit: string;
  /** What was named, or the default branch. */
  readonly ref: string;
}

/** Reading a commit into an index calls a hook too, and a monitor of files is another program. */
const noPrograms = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false'];

/** The output of a git that asks nobody, fetches nothing, and runs no hook. */
async function git(
  folder: string,
  parameters: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)('git', [...noPrograms, ...parameters], {
    cwd: folder,
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_NO_LAZY_FETCH: '1',
      GIT_LFS_SKIP_SMUDGE: '1',
      ...more,
    },
  });
  return stdout;
}

const problemOf = (error: unknown): string =>
  String((error as { stderr?: unknown }).stderr ?? error)
    .trim()
    .split('\n')[0] ?? '';

/**
 * The top folder of the working tree that a folder is in.
 *
 * @throws UserError where there is none, or no git
 */
export async function repositoryOf(folder: string): Promise<string> {
  return git(folder, ['rev-parse', '--show-toplevel']).then(
    (output) => output.replace(/\n$/, ''),
    (error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? reviewReport.noGit()
        : reviewReport.notRepository(folder);
    },
  );
}

/**
 * The commit where HEAD left a branch, which is that branch's newest where HEAD has all of it.
 *
 * @param ref by default the default branch: origin/HEAD, else main
 * @throws UserError where there is no such commit, or the name says more than one
 */
export async function baseOf(top: string, ref?: string): Promise<Base> {
  const named = ref ?? (await defaultBranch(top));
  await requireOneMeaning(top, named);
  const tip = await commitOf(top, named);
  if (tip === undefined) throw reviewReport.noCommit(named);
  if ((await commitOf(top, 'HEAD')) === undefined) throw reviewReport.noCommit('HEAD');
  const commit = await git(top, ['merge-base', 'HEAD', tip]).catch(() => '');
  if (commit === '') throw reviewReport.noMergeBase(named);
  return { commit: commit.trim(), ref: named };
}

/** The whole name of a reference: a shorter one could be a tag's too. */
async function defaultBranch(top: string): Promise<string> {
  const names = ['refs/remotes/origin/HEAD', 'refs/remotes/origin/main', 'refs/heads/main'];
  const there = await existing(top, names);
  const found = names.find((name) => there.includes(name));
  if (found === undefined) throw reviewReport.noDefaultBranch();
  return found;
}

/**
 * Refuses a name that more than one reference has, or one and an abbreviated hash. Git takes a tag before a branch, and
 * both before a hash: whoever may push a tag could else choose what a change is compared with. A name that begins with
 * `refs/` is that reference's alone.
 */
async function requireOneMeaning(top: string, named: string): Promise<void> {
  // What follows a name, such as ~1, ^{commit} or @{upstream}: no reference has these characters (git-check-ref-format).
  const [name = ''] = named.split(/[~^:]|@\{/);
  if (name === '' || name === 'HEAD' || name === '@') return;
  const meanings = await existing(top, meaningsOf(name));
  if (name.startsWith('refs/')) {
    if (!meanings.includes(name)) throw reviewReport.noCommit(named);
    return;
  }
  const hashes = meanings.length === 0 ? [] : await commitsOf(top, name);
  const all = [...meanings, ...hashes].map((meaning) => meaning + named.slice(name.length));
  if (all.length > 1) throw reviewReport.severalMeanings(named, all);
}

/** The references that git looks for (gitrevisions). The tag, which is seldom meant, is the last that a message names. */
function meaningsOf(name: string): string[] {
  return [
    name,
    `refs/${name}`,
    `refs/remotes/${name}`,
    `refs/remotes/${name}/HEAD`,
    `refs/heads/${name}`,
    `refs/tags/${name}`,
  ];
}

/** Those of some whole names that are references. */
async function existing(top: string, names: readonly string[]): Promise<string[]> {
  try {
    const found = (await git(top, ['for-each-ref', '--format=%(refname)', '--', ...names])).split('\n');
    return names.filter((name) => found.includes(name));
  } catch (error) {
    throw reviewReport.gitFailed('list references', problemOf(error));
  }
}

/** Commits that a name means as an abbreviated hash, or as what git describe prints. A whole hash is never a name. */
async function commitsOf(top: string, name: string): Promise<string[]> {
  const [, prefix] = /^(?:.+-g)?([0-9a-f]{4,})$/i.exec(name) ?? [];
  if (prefix === undefined || (await commitOf(top, name)) === name.toLowerCase()) return [];
  const objects = (await git(top, ['rev-parse', `--disambiguate=${prefix}`]).catch(() => '')).split('\n');
  const commits = await Promise.all(objects.filter(Boolean).map((hash) => commitOf(top, hash)));
  return commits.filter((commit) => commit !== undefined);
}

async function commitOf(top: string, ref: string): Promise<string | undefined> {
  const parameters = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
  return git(top, parameters).then(
    (output) => output.trim(),
    () => undefined,
  );
}

/**
 * Writes the files of a commit into a folder. By git's plumbing with an index of its own: the repository gets no entry
 * of a worktree, and no hook runs. Submodules stay empty.
 *
 * @param folder one that is there and empty
 * @param index a file that git may write
 */
export async function writeCommit(top: string, commit: string, folder: string, index: string): Promise<void> {
  const own = { GIT_INDEX_FILE: index };
  try {
    await git(top, ['read-tree', commit], own);
    await git(top, ['checkout-index', '--all', '--quiet', `--prefix=${join(folder, '/')}`], own);
  } catch (error) {
    throw reviewReport.gitFailed('read the base', problemOf(error));
  }
}

/** Paths, from the top folder, of what differs between a commit and the working tree, files that git does not know included. */
export async function changedPaths(top: string, commit: string): Promise<string[]> {
  try {
    const lists = await Promise.all([
      git(top, ['diff', '--no-ext-diff', '--no-textconv', '--no-renames', '--name-only', '-z', commit]),
      git(top, ['ls-files', '--others', '--exclude-standard', '--full-name', '-z']),
    ]);
    return [...new Set(lists.flatMap((list) => list.split('\0').filter((path) => path !== '')))].sort();
  } catch (error) {
    throw reviewReport.gitFailed('list what changed', problemOf(error));
  }
}
