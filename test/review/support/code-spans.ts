/** Markdown without its code spans, as CommonMark 0.31 has them (6.1): from a run of backticks to the next as long. */
export function withoutCodeSpans(markdown: string): string {
  return markdown
    .split('\n')
    .map((line) => {
      let rest = line;
      let outside = '';
      for (;;) {
        const start = /`+/.exec(rest);
        if (start === null) return outside + rest;
        const after = rest.slice(start.index + start[0].length);
        const end = [...after.matchAll(/`+/g)].find(([run]) => run.length === start[0].length);
        if (end === undefined) return outside + rest;
        outside += rest.slice(0, start.index);
        rest = after.slice(end.index + end[0].length);
      }
    })
    .join('\n');
}
