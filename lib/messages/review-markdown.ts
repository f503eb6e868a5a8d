/** The longest value that is shown whole. */
const maximumLength = 420;

/**
 * A value that somebody else wrote, as a code span of Markdown. Only there code hosts read neither markup, mentions
 * (`@team`), references (`#1`), links nor commands: a backslash before them is gone when they look. What is not printable
 * ASCII is shown as its number, so that no letter looks like another and no text runs the other way.
 */
export function code(value: string | number | boolean): string {
  const whole = String(value).replace(/[^ -~]/gu, (character) => {
    const number = character.codePointAt(0)?.toString(16) ?? '';
    return `\\u{${number}}`;
  });
  const text = whole.length > maximumLength ? `${whole.slice(0, maximumLength)}…` : whole;
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // A span of spaces alone, or with a backtick at an end, needs a space that Markdown takes away again.
  const room = longest > 0 || text.trim() === '' ? ' ' : '';
  return `${fence}${room}${text}${room}${fence}`;
}

/** Values as code spans with commas; of many the first, and how many more there are. */
export function codes(values: readonly (string | number)[], most = 24): string {
  const shown = values.slice(0, most).map(code).join(', ');
  return values.length > most ? `${shown} and ${values.length - most} more` : shown;
}
