import { ExitCode, UserError } from './user-error.ts';
import { code, codes } from './review-markdown.ts';

/** What is said of a file that changed: how many lines came and went. */
export interface FileChange {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

const counted = ({ path, added, removed }: FileChange): string => `${code(path)} (+${added} −${removed})`;
const most = 24;
const files = (list: readonly FileChange[]): string =>
  list.slice(0, most).map(counted).join(', ') + (list.length > most ? ` and ${list.length - most} more` : '');
const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

/** Wording of `hardening review` beside that of changes between configurations. */
export const reviewReport = {
  marks: {
    widens: '**WIDENS**',
    mayWiden: '**MAY WIDEN**',
    loses: '**LOSES**',
    narrows: 'narrows',
    neutral: 'neutral',
  },
  title: (approve: number, narrows: number, neutral: number) =>
    `# Review: ${approve} to approve, ${narrows} narrowing, ${neutral} neutral`,
  compared: (commit: string, how: string) =>
    `Compared: ${code(commit.slice(0, 12))} (${how}) and the working tree.`,
  mergeBase: (ref: string) => `where it left ${code(ref)}`,
  nothing: (commit: string) => `Nothing changes between ${code(commit.slice(0, 12))} and the working tree.`,
  approveHeading: '## To approve',
  narrowsHeading: '## Narrowed',
  neutralHeading: '## Neutral',
  staleHeading: '## Not rendered',
  stale: (paths: readonly string[]) =>
    `These files are not what the configuration renders; run \`npx hardening render\` and commit: ${codes(paths, 60)}`,
  unreadRendered: (problem: string) => `The rendered folder could not be compared: ${code(problem)}`,
  noBaseConfiguration: (file: string) => `The base has no ${code(file)}: everything counts as added.`,
  noBaseRendered: (stack: string) =>
    `The base has no rendered files of ${code(stack)}: what the kit itself changes in them is not seen.`,
  noAnalyze: (reason: string) =>
    `Units are compared by their directives alone, without scores: ${reason}. A program of systemd 250 or later ` +
    'is needed.',
  otherFiles: (paths: readonly string[]) =>
    `Changed too, and not read here: ${codes(paths, 30)}. What is in them may matter as much.`,
  leftOut: (number: number) =>
    `… and ${count(number, 'change', 'changes')} more: run \`npx hardening review\` with \`--json\`.`,

  kitChanged: (kind: string, list: readonly FileChange[]) =>
    `${kind}: the kit (or an earlier change that was not rendered) changes ${files(list)}; the configuration does not ` +
    'say what that means, so read the diff',
  configurationChanged: (kind: string, list: readonly FileChange[]) => `${kind}: ${files(list)}`,
  unitScored: (unit: string, was: string, is: string, lines: string) =>
    `unit ${code(unit)}: exposure ${was} → ${is} (systemd-analyze security, 0 is least)${lines}`,
  unitUnscored: (unit: string, lines: string) => `unit ${code(unit)}${lines}`,
  unitAdded: (unit: string, score: string | undefined) =>
    `unit ${code(unit)} is added${score === undefined ? '' : `, exposure ${score}`}`,
  unitRemoved: (unit: string) => `unit ${code(unit)} is removed`,
  directives: (gone: readonly string[], come: readonly string[]) =>
    (gone.length === 0 ? '' : `; without ${codes(gone)}`) +
    (come.length === 0 ? '' : `; with ${codes(come)}`),

  planned: {
    lost: {
      replaced: (address: string, words: string) => `the plan replaces ${words}: ${code(address)}`,
      destroyed: (address: string, words: string) => `the plan destroys ${words}: ${code(address)}`,
      forgotten: (address: string, words: string) =>
        `terraform forgets ${words}, and leaves it there: ${code(address)}`,
    },
    access: (kind: string, shown: string) => `${kind}, and it decides who reaches a machine: ${shown}`,
    listed: (kind: string, shown: readonly string[]) =>
      `${kind}: ${shown.slice(0, 60).join(', ')}` +
      (shown.length > 60 ? ` and ${shown.length - 60} more` : ''),
  },

  noGit: () => new UserError('git could not be started', 'install git; the review reads the base with it'),
  notRepository: (folder: string) =>
    new UserError(
      `${folder} is not in a git repository with a working tree`,
      'run it in the repository; without one there is no base to compare with',
    ),
  noCommit: (ref: string) =>
    new UserError(
      `there is no commit ${ref}`,
      'give a branch, a tag or a commit with --base; in a CI job fetch it first (all of the history, no shallow clone)',
    ),
  severalMeanings: (ref: string, meanings: readonly string[]) =>
    new UserError(
      `${ref} is the name of more than one commit here: ${meanings.join(', ')}`,
      `say which is meant by its whole name: ${meanings.map((one) => `--base ${one}`).join(' or ')}`,
    ),
  noDefaultBranch: () =>
    new UserError(
      'there is neither origin/HEAD nor a branch main',
      'name the branch that this goes into: --base refs/remotes/origin/BRANCH',
    ),
  noMergeBase: (ref: string) =>
    new UserError(
      `HEAD and ${ref} have no commit in common here`,
      'fetch all of the history: a shallow clone does not have it (git fetch --unshallow)',
    ),
  gitFailed: (action: string, problem: string) =>
    new UserError(`git could not ${action}: ${problem}`, 'mend the repository; nothing was changed'),
  outside: (file: string) =>
    new UserError(`${file} is not in this repository`, 'give a path below the top folder of the repository'),
  notPlan: (file: string) =>
    new UserError(`${file} is no plan`, 'give what `terraform show -json PLAN` prints'),
  ofBase: (error: UserError) =>
    new UserError(`in the base: ${error.message}`, `${error.fix} (in the base, or name another with --base)`),
  interrupted: () => new UserError('ended before there was an answer', 'run it again', ExitCode.interrupted),
};
