import { reviewText } from '../messages/review-changes.ts';
import type { Finding } from './change.ts';
import type { StackView } from './stack-view.ts';

/** Models added, removed, and pinned to another digest or to none. */
export function compareModels(before: StackView, after: StackView): Finding[] {
  const [earlier, later] = [before, after].map(
    ({ stack }) => new Map(stack.ollama.models.map(({ name, digest }) => [name, digest])),
  ) as [Map<string, string | undefined>, Map<string, string | undefined>];
  return [...new Set([...earlier.keys(), ...later.keys()])].sort().flatMap((name): Finding[] => {
    const [was, is] = [earlier.get(name), later.get(name)];
    if (!earlier.has(name)) return [{ mark: 'widens', text: reviewText.modelAdded(name, is) }];
    if (!later.has(name)) return [{ mark: 'narrows', text: reviewText.modelRemoved(name) }];
    if (was === is) return [];
    if (is === undefined) return [{ mark: 'widens', text: reviewText.modelUnpinned(name) }];
    return was === undefined
      ? [{ mark: 'narrows', text: reviewText.modelPinned(name, is) }]
      : [{ mark: 'neutral', text: reviewText.modelDigest(name, was, is) }];
  });
}
