import { reviewText } from '../messages/review-changes.ts';
import type { Finding } from './change.ts';
import type { StackView } from './stack-view.ts';

/** Risks that the configuration acknowledges with a reason. */
export function compareReasons(before: StackView, after: StackView): Finding[] {
  const [earlier, later] = [reasonsOf(before), reasonsOf(after)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((field): Finding[] => {
    const [was, is] = [earlier.get(field), later.get(field)];
    if (was === is) return [];
    if (is === undefined) return [{ mark: 'narrows', text: reviewText.reasonGone(field) }];
    return was === undefined
      ? [{ mark: 'widens', text: reviewText.reasonGiven(field, is) }]
      : [{ mark: 'neutral', text: reviewText.reasonReworded(field, is) }];
  });
}

function reasonsOf({ stack }: StackView): Map<string, string> {
  const reasons: readonly (readonly [field: string, reason: string | undefined])[] = [
    ['ollama.nonLoopbackHostReason', stack.ollama.nonLoopbackHostReason],
    ['ollama.install.oldVersionReason', stack.ollama.install?.oldVersionReason],
    ['ssh.everywhereReason', stack.ssh.everywhereReason],
    ['terraformState.unencryptedReason', stack.terraformState.unencryptedReason],
  ];
  return new Map(reasons.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
