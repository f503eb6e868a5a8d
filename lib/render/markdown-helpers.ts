import type { Helper } from './helpers.ts';

/** What `infrastructure.md` may print. A cell of a table ends at `|`, a code span at a backtick. */
export const markdownHelpers: Readonly<Record<string, Helper>> = {
  /** A value as it is, in a code span. */
  code: (value) => {
    const text = String(value);
    if (value === undefined || !/^[A-Za-z0-9 ._:/@=,+%<>-]+$/.test(text)) throw refused(value);
    return `\`${text}\``;
  },
  /** Values in code spans, with commas. */
  codes: (values) => {
    if (!Array.isArray(values) || values.length === 0) throw refused(values);
    return values.map((value: unknown) => markdownHelpers['code']?.(value)).join(', ');
  },
  /** What a person wrote: any printable ASCII, with a backslash before each mark that Markdown could read. */
  prose: (value) => {
    if (typeof value !== 'string' || !/^[ -~]+$/.test(value)) throw refused(value);
    return value.replace(/[\\`*_{}[\]<>()#+.!|&~$^-]/g, '\\$&');
  },
  /** Hours in days. */
  days: (hours) => {
    if (typeof hours !== 'number' || !Number.isInteger(hours / 24)) throw refused(hours);
    return `${hours / 24} days`;
  },
  yesOrNo: (value) => {
    if (typeof value !== 'boolean') throw refused(value);
    return value ? 'yes' : 'no';
  },
};

function refused(value: unknown): RangeError {
  const shown = value === undefined ? 'a missing value' : JSON.stringify(value);
  return new RangeError(`${shown} cannot be printed in Markdown`);
}
