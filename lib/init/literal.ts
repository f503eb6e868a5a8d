/** The line's width of prettier's own style, in columns. */
const width = 80;

/**
 * Prints data as TypeScript, laid out as prettier's own style has it.
 *
 * @param comments by the key that they stand above
 */
export function literal(value: unknown, comments: ReadonlyMap<string, string>, depth = 0, used = 0): string {
  const indent = '  '.repeat(depth + 1);
  const end = '  '.repeat(depth);
  if (Array.isArray(value)) {
    const parts = value.map((part) => literal(part, comments, depth + 1));
    const line = `[${parts.join(', ')}]`;
    // The comma behind it counts.
    if (used + line.length + 1 <= width) return line;
    return `[\n${parts.map((part) => `${indent}${part},\n`).join('')}${end}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const lines = Object.entries(value).map(([name, inner]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const start = `${indent}${key}: `;
    const text = literal(inner, comments, depth + 1, start.length);
    const breaks = typeof inner === 'string' && start.length + text.length + 1 > width;
    const comment = comments.get(name);
    const above = comment === undefined ? '' : `${indent}// ${comment}\n`;
    return `${above}${breaks ? `${indent}${key}:\n${indent}  ${text}` : `${start}${text}`},\n`;
  });
  return lines.length === 0 ? '{}' : `{\n${lines.join('')}${end}}`;
}
