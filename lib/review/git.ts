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
 * @throws UserError where there is no such commit
 */
export async function baseOf(top: string, ref?: string): Promise<Base> {
  const named = ref ?? (await defaultBranch(top));
  const tip = await commitOf(top, named);
  if (tip === undefined) throw reviewReport.noCommit(named);
  if ((await commitOf(top, 'HEAD')) === undefined) throw reviewReport.noCommit('HEAD');
  const commit = await git(top, ['merge-base', 'HEAD', tip]).catch(() => '');
  if (commit === '') throw reviewReport.noMergeBase(named);
  return { commit: commit.trim(), ref: named };
}

async function defaultBranch(top: string): Promise<string> {
  for (const name of ['refs/remotes/origin/HEAD', 'refs/remotes/origin/main', 'refs/heads/main']) {
    if ((await commitOf(top, name)) !== undefined) return name.replace(/^refs\/(?:remotes|heads)\//, '');
  }
  throw reviewReport.noDefaultBranch();
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
