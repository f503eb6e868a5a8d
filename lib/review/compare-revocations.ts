import { reviewText } from '../messages/review-changes.ts';
import type { Finding } from './change.ts';
import type { StackView } from './stack-view.ts';

/** The record of revocations: what was added to it, and what left it. */
export function compareRevocations(before: StackView, after: StackView): Finding[] {
  const [earlier, later] = [before, after].map(({ deployment }) => floors(deployment.revoked)) as [
    Floors,
    Floors,
  ];
  return [...new Set([...earlier.keys(), ...later.keys()])].sort().flatMap((service): Finding[] => {
    const [was, is] = [earlier.get(service) ?? none, later.get(service) ?? none];
    if (is.upTo > was.upTo)
      return [{ mark: 'narrows', text: reviewText.revoked(service, is.upTo, is.date, is.reason) }];
    if (is.upTo < was.upTo)
      return [{ mark: 'widens', text: reviewText.revocationGone(service, was.upTo, is.upTo) }];
    return was.words === is.words ? [] : [{ mark: 'neutral', text: reviewText.revocationReworded(service) }];
  });
}

interface Floor {
  /** Generations up to it are refused; Infinity: all. */
  readonly upTo: number;
  readonly date: string;
  readonly reason: string;
  /** Everything that was written down. */
  readonly words: string;
}
type Floors = Map<string, Floor>;

const none: Floor = { upTo: 0, date: '', reason: '', words: '' };

function floors(revoked: StackView['deployment']['revoked']): Floors {
  const found: Floors = new Map();
  for (const { service, generation = Infinity, date, reason } of revoked) {
    const known = found.get(service) ?? none;
    const words = `${known.words}\n${generation} ${date} ${reason}`;
    found.set(
      service,
      generation > known.upTo ? { upTo: generation, date, reason, words } : { ...known, words },
    );
  }
  return found;
}
