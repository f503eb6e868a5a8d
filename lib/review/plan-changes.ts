import { reviewReport } from '../messages/review.ts';
import { code } from '../messages/review-markdown.ts';
import { readStack } from '../policy/input/read-stack.ts';
import type { Resource, Stack } from '../policy/stack.ts';
import { preciousResources } from '../policy/terms/authorities.ts';
import type { Change, Finding } from './change.ts';

/**
 * What a plan creates, changes, replaces and destroys, by address: a plan has secrets, so that no value is shown.
 *
 * @throws UserError for a file that is no plan
 */
export function planChanges(file: string): Change[] {
  const stack = readStack(file);
  if (stack.form !== 'plan') throw reviewReport.notPlan(file);
  return findingsOf(stack).map((finding) => ({ of: file, ...finding }));
}

function findingsOf(stack: Stack): Finding[] {
  const managed = stack.resources.filter(({ isData }) => !isData);
  const precious = new Map(preciousResources(stack).map(({ resource, words }) => [resource, words]));
  const all = (kind: Kind): Resource[] => managed.filter((resource) => kindOf(resource) === kind);
  const plain = (kind: Kind): string[] => addresses(all(kind).filter((resource) => !precious.has(resource)));
  const lost = (kind: 'replaced' | 'destroyed'): Finding[] =>
    all(kind)
      .filter((resource) => precious.has(resource))
      .map((resource) => ({
        mark: 'loses',
        text: reviewReport.planned[kind](resource.address, precious.get(resource)),
      }));
  const updated = all('updated').map(
    (resource) => `${code(resource.address)} (${changedArguments(resource).map(code).join(', ')})`,
  );
  const { replacedMany, destroyedMany, created, forgotten } = reviewReport.planned;
  const list = (paths: readonly string[], words: (list: readonly string[]) => string): Finding[] =>
    paths.length === 0 ? [] : [{ mark: 'neutral', text: words(paths) }];
  return [
    ...lost('replaced'),
    ...lost('destroyed'),
    ...list(plain('replaced'), replacedMany),
    ...list(plain('destroyed'), destroyedMany),
    ...list(addresses(all('created')), created),
    ...list(addresses(all('forgotten')), forgotten),
    ...list(updated, reviewReport.planned.updated),
  ];
}

type Kind = 'created' | 'updated' | 'replaced' | 'destroyed' | 'forgotten';

function kindOf({ actions = [] }: Resource): Kind | undefined {
  if (actions.includes('create')) return actions.includes('delete') ? 'replaced' : 'created';
  if (actions.includes('delete')) return 'destroyed';
  if (actions.includes('forget')) return 'forgotten';
  return actions.includes('update') ? 'updated' : undefined;
}

function addresses(resources: readonly Resource[]): string[] {
  return resources.map(({ address }) => address).sort();
}

/** The names of arguments whose values differ, or are known only at apply. */
function changedArguments({ before, values }: Resource): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(values)]);
  return [...names]
    .filter((name) => JSON.stringify(before?.[name] ?? null) !== JSON.stringify(values[name] ?? null))
    .sort();
}
