// Control, format, surrogate, private-use and unassigned code points, line and paragraph separators: what could move a
// cursor, recolour a terminal, reverse the text's direction or forge a line.
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from the other side safe to print: every unprintable character becomes its escape (`\x1b`), and what is
 * longer than `maxLength` characters ends in an ellipsis.
 */
export function clean(text: string, maxLength = 400): string {
  const visible = text
    .slice(0, maxLength + 1)
    .replace(unprintable, (character) => {
      const point = character.codePointAt(0) ?? 0;
      if (point === 0x0a || point === 0x09) return ' ';
      return point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
    })
    .trim();
  return visible.length > maxLength ? `${visible.slice(0, maxLength - 1)}…` : visible;
}
