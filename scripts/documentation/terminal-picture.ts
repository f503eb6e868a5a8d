/** A run of text with one look. */
interface Span {
  readonly text: string;
  readonly colour: string;
  readonly bold: boolean;
}

const background = '#15181e';
const foreground = '#d5d9e0';
/** Colours by their code in SGR sequences (ECMA-48, 8.3.117). */
const colours: Readonly<Record<number, string>> = {
  2: '#8b93a1',
  31: '#f2777a',
  32: '#8fd18a',
  33: '#f0c674',
  35: '#d2a8ff',
  36: '#7cc7d8',
  90: '#8b93a1',
};
const lineHeight = 18;
const characterWidth = 8.1;
const margin = 18;

/** Draws what a program wrote to a terminal, colours included, as an SVG picture. */
export function terminalPicture(output: string): string {
  const lines = output.replace(/\n+$/, '').split('\n').map(spansOf);
  const longest = Math.max(...lines.map((spans) => spans.reduce((sum, { text }) => sum + text.length, 0)));
  const width = Math.ceil(longest * characterWidth + 2 * margin);
  const height = lines.length * lineHeight + 2 * margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The verdict">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${background}"/>`,
    `<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13.5">`,
    ...lines.map((spans, index) => textElement(spans, margin + (index + 0.75) * lineHeight)),
    '</g>',
    '</svg>\n',
  ].join('\n');
}

function spansOf(line: string): Span[] {
  let colour = foreground;
  let bold = false;
  const spans: Span[] = [];
  for (const part of line.split(/(\u001B\[[0-9;]*m)/)) {
    if (!part.startsWith('\u001B[')) {
      if (part !== '') spans.push({ text: part, colour, bold });
      continue;
    }
    for (const code of part.slice(2, -1).split(';').map(Number)) {
      if (code === 0 || code === 39) colour = foreground;
      if (code === 0 || code === 22) bold = false;
      if (code === 22 && colour === colours[2]) colour = foreground;
      if (code === 1) bold = true;
      colour = colours[code] ?? colour;
    }
  }
  return spans;
}

function textElement(spans: readonly Span[], y: number): string {
  const escape = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const inner = spans.map(
    ({ text, colour, bold }) =>
      `<tspan fill="${colour}"${bold ? ' font-weight="bold"' : ''}>${escape(text)}</tspan>`,
  );
  return `<text x="${margin}" y="${y}" xml:space="preserve">${inner.join('')}</text>`;
}
