import { reviewReport } from '../messages/review.ts';
import type { Finding, Mark } from './change.ts';
import { directivesOf, judgeDirectives } from './unit-directives.ts';
import type { Score } from './unit-scores.ts';

const folder = 'etc/systemd/system/';

/** Whether a rendered file is one of systemd's units, or a drop-in of one. */
export function isUnit(path: string): boolean {
  return path.startsWith(folder);
}

/** Units that are loosened or tightened: by their score, and by directives where that does not tell. */
export async function compareUnits(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  score: Score,
): Promise<Finding[]> {
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(isUnit).sort();
  const found = await Promise.all(
    paths.map((path) => compareUnit(path, before.get(path), after.get(path), score)),
  );
  return found.flat();
}

async function compareUnit(
  path: string,
  was: string | undefined,
  is: string | undefined,
  score: Score,
): Promise<Finding[]> {
  if (was === is) return [];
  const unit = path.slice(folder.length);
  if (is === undefined) return [{ mark: 'neutral', text: reviewReport.unitRemoved(unit) }];
  if (was === undefined)
    return [{ mark: 'neutral', text: reviewReport.unitAdded(unit, await score(path, is)) }];
  const [earlier, later] = [directivesOf(was), directivesOf(is)];
  const gone = earlier.filter((line) => !later.includes(line));
  const come = later.filter((line) => !earlier.includes(line));
  if (gone.length + come.length === 0) return [];
  const [scoreWas, scoreIs] = await Promise.all([score(path, was), score(path, is)]);
  const lines = reviewReport.directives(gone, come);
  if (scoreWas === undefined || scoreIs === undefined) {
    return [{ mark: unscored[judgeDirectives(gone, come)], text: reviewReport.unitUnscored(unit, lines) }];
  }
  const difference = Number(scoreIs) - Number(scoreWas);
  return [
    { mark: scored(difference, gone, come), text: reviewReport.unitScored(unit, scoreWas, scoreIs, lines) },
  ];
}

const unscored = { opens: 'mayWiden', restricts: 'narrows', neither: 'neutral' } as const;

/** A score does not see all: which files, addresses, devices and programs. A directive that opens one counts too. */
function scored(difference: number, gone: readonly string[], come: readonly string[]): Mark {
  if (difference > 0) return 'widens';
  const judged = judgeDirectives(gone, come);
  if (judged === 'opens') return 'mayWiden';
  return difference < 0 || judged === 'restricts' ? 'narrows' : 'neutral';
}
