import type { Config } from '../config/schema.ts';
import { reviewText } from '../messages/review-changes.ts';
import type { Change, Finding } from './change.ts';
import { compareAuthorities } from './compare-authorities.ts';
import { compareModels } from './compare-models.ts';
import { comparePeople } from './compare-people.ts';
import { comparePorts } from './compare-ports.ts';
import { compareReasons } from './compare-reasons.ts';
import { compareRevocations } from './compare-revocations.ts';
import { compareServices } from './compare-services.ts';
import { compareSettings } from './compare-settings.ts';
import { emptyView, stackView, type StackView } from './stack-view.ts';

/** A configuration at one time, with what is beside it. */
export interface ConfigView {
  /** Undefined where there was none. */
  readonly config: Config | undefined;
  /** The text of a file beside it; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

const comparisons: readonly ((before: StackView, after: StackView) => Finding[])[] = [
  compareServices,
  compareRevocations,
  comparePorts,
  comparePeople,
  compareAuthorities,
  compareModels,
  compareReasons,
  compareSettings,
];

/** What changes between two configurations. Pure but for the files that they name. */
export function compareStacks(before: ConfigView, after: ConfigView): Change[] {
  const [earlier, later] = [before.config?.stacks ?? {}, after.config?.stacks ?? {}];
  return [...new Set([...Object.keys(earlier), ...Object.keys(later)])].sort().flatMap((name): Change[] => {
    const [was, is] = [earlier[name], later[name]];
    if (is === undefined) {
      const text = reviewText.stackRemoved(Object.keys(was?.services ?? {}).sort());
      return [{ of: name, mark: 'neutral', text }];
    }
    const now = stackView(name, is, after.read);
    const findings = compareViews(
      was === undefined ? emptyView(name, is) : stackView(name, was, before.read),
      now,
    );
    const added: Finding[] = was === undefined ? [{ mark: 'widens', text: reviewText.stackAdded }] : [];
    return [...added, ...findings].map((finding) => ({ of: name, ...finding }));
  });
}

function compareViews(before: StackView, after: StackView): Finding[] {
  return comparisons.flatMap((compare) => compare(before, after));
}
