import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { realpath } from 'node:fs/promises';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { reviewReport } from '../messages/review.ts';
import { UserError } from '../messages/user-error.ts';
import { renderStacks } from '../render/render-stacks.ts';
import { baseFolder } from './base-folder.ts';
import type { Change } from './change.ts';
import { compareRendered } from './compare-rendered.ts';
import { compareStacks } from './compare-stacks.ts';
import { compareUnits } from './compare-units.ts';
import { baseOf, changedPaths, repositoryOf, type Base } from './git.ts';
import { planChanges } from './plan-changes.ts';
import { filesBelow, renderer } from './rendered-files.ts';
import { unitScores } from './unit-scores.ts';

export interface ReviewOptions {
  /** A branch, a tag or a commit. Default: the default branch. */
  readonly base: string | undefined;
  /** The configuration's path. */
  readonly config: string;
  /** The folder of rendered stacks. */
  readonly out: string;
  /** Plans as JSON. */
  readonly plans: readonly string[];
  /** Ends the run. */
  readonly ending?: AbortSignal | undefined;
}

/** What changes, before anybody prints it. */
export interface Review {
  readonly base: Base;
  readonly changes: readonly Change[];
  /** Files of the rendered folder that are not what the configuration renders. */
  readonly stale: readonly string[];
  /** Files that changed and are not looked at. */
  readonly unread: readonly string[];
  /** What could not be told, in Markdown. */
  readonly notes: readonly string[];
}

/**
 * Compares the working tree with the commit that it left. Runs the configurations of both, as code, and reads files
 * alone beside: no network, no terraform, nothing is changed.
 *
 * @throws UserError outside of git, for a base that is not there, a configuration that is refused, or a plan that is none
 */
export async function review(options: ReviewOptions): Promise<Review> {
  const planned = options.plans.flatMap(planChanges);
  const top = await repositoryOf(dirname(resolve(options.config)));
  const configFile = await withinRepository(top, options.config);
  const out = await withinRepository(top, options.out);
  const base = await baseOf(top, options.base);
  const after = await loadConfig(options.config, { ending: options.ending });
  const readPaths = new Set<string>();
  const folder = await baseFolder(top, base.commit, dirname(configFile));
  try {
    const before = await loadBase(join(folder.path, configFile), options.ending);
    const [stacks, rendered] = [
      compareStacks(
        { config: before?.config, read: readBeside(folder.path, dirname(configFile), readPaths) },
        { config: after.config, read: readBeside(top, dirname(configFile), readPaths) },
      ),
      await compareTrees(before?.config, after.config, join(folder.path, out)),
    ];
    const stale = await staleFiles(after.config, options.out, out);
    const known = new Set([...after.files.map((file) => relative(top, file)), configFile, ...readPaths]);
    return {
      base,
      changes: [...planned, ...stacks, ...rendered.changes],
      stale: stale.paths,
      unread: (await changedPaths(top, base.commit)).filter(
        (path) => !known.has(path) && !path.startsWith(`${out}/`),
      ),
      notes: [
        ...(before === undefined ? [reviewReport.noBaseConfiguration(configFile)] : []),
        ...rendered.notes,
        ...stale.notes,
      ],
    };
  } finally {
    folder.remove();
  }
}

/** A path from the top folder, with `/`. */
async function withinRepository(top: string, path: string): Promise<string> {
  const absolute = resolve(path);
  const folder = await realpath(dirname(absolute)).catch(() => dirname(absolute));
  const found = relative(await realpath(top), join(folder, basename(absolute)));
  if (found.startsWith('..')) throw reviewReport.outside(path);
  return found;
}

/** The configuration of the base; undefined where it had none. */
async function loadBase(file: string, ending: AbortSignal | undefined): Promise<LoadedConfig | undefined> {
  try {
    readFileSync(file);
  } catch {
    return undefined;
  }
  return loadConfig(file, { ending }).catch((error: unknown) => {
    throw error instanceof UserError ? reviewReport.ofBase(error) : error;
  });
}

/** @param readPaths gets every path that was asked for, from the top folder */
function readBeside(
  top: string,
  configFolder: string,
  readPaths: Set<string>,
): (path: string) => string | undefined {
  return (path) => {
    readPaths.add(join(configFolder, path));
    try {
      return readFileSync(join(top, configFolder, path), 'utf8');
    } catch {
      return undefined;
    }
  };
}

async function compareTrees(
  before: Config | undefined,
  after: Config,
  committedFolder: string,
): Promise<{ changes: Change[]; notes: string[] }> {
  const changes: Change[] = [];
  const notes: string[] = [];
  const renderOne = renderer();
  const { score, reason } = await unitScores();
  let unitsDiffer = false;
  for (const [name, stack] of Object.entries(after.stacks)) {
    const earlier = before?.stacks[name];
    if (earlier === undefined) continue;
    const committed = filesBelow(join(committedFolder, name));
    const [again, is] = [renderOne(name, earlier), renderOne(name, stack)];
    if (committed === undefined) notes.push(reviewReport.noBaseRendered(name));
    const units = await compareUnits(committed ?? again, is, score);
    unitsDiffer ||= units.length > 0;
    const found = [...units, ...compareRendered(committed, again, is)];
    changes.push(...found.map((finding) => ({ of: name, ...finding })));
  }
  if (unitsDiffer && reason !== undefined) notes.push(reviewReport.noAnalyze(reason));
  return { changes, notes };
}

/** Files of the working tree's rendered folder that differ from what its configuration renders. */
async function staleFiles(
  config: Config,
  out: string,
  shown: string,
): Promise<{ paths: string[]; notes: string[] }> {
  try {
    const found = await renderStacks(config, out, true);
    return { paths: found.map(({ path }) => join(shown, path)), notes: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { paths: [], notes: [reviewReport.unreadRendered(error.message)] };
  }
}
