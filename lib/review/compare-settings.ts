import type { StackConfig } from '../config/schema.ts';
import { reviewText } from '../messages/review-changes.ts';
import type { Finding } from './change.ts';
import { comparedElsewhere, settings, type SettingValue } from './settings.ts';
import type { StackView } from './stack-view.ts';

/** Every other setting, by the table of settings. */
export function compareSettings({ stack: before }: StackView, { stack: after }: StackView): Finding[] {
  const [earlier, later] = [settingsOf(before), settingsOf(after)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((field): Finding[] => {
    const [was, is] = [earlier.get(field), later.get(field)];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    // One that the table does not have is for a person to judge.
    const { words, judge } = settings[field] ?? { words: 'a setting', judge: () => 'mayWiden' as const };
    return [{ mark: judge(was, is), text: reviewText.setting(words, field, shown(was), shown(is)) }];
  });
}

/** The settings of a stack by their path. */
export function settingsOf(stack: StackConfig): Map<string, SettingValue> {
  const found = new Map<string, SettingValue>();
  const visit = (value: unknown, path: string): void => {
    if (comparedElsewhere.includes(path) || value === undefined) return;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      found.set(path, value as SettingValue);
      return;
    }
    for (const [key, inner] of Object.entries(value)) visit(inner, path === '' ? key : `${path}.${key}`);
  };
  visit(stack, '');
  return found;
}

function shown(value: SettingValue): string {
  if (value === undefined) return reviewText.unset;
  return Array.isArray(value) ? value.join(', ') || 'nobody' : String(value);
}
