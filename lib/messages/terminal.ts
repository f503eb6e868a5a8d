import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Where a command writes: a stream, and whether colours and a progress line suit it. */
export interface Terminal {
  readonly stream: NodeJS.WriteStream;
  readonly colour: boolean;
  /** True when a line may be rewritten in place (a progress line). */
  readonly interactive: boolean;
}

/**
 * Describes a stream. Colours are on for a terminal only, off with a non-empty NO_COLOR (https://no-color.org) or
 * TERM=dumb, and on with a FORCE_COLOR other than 0.
 */
export function terminal(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv = process.env): Terminal {
  const isTty = stream.isTTY;
  const forced = environment['FORCE_COLOR'];
  const plain = Boolean(environment['NO_COLOR']) || environment['TERM'] === 'dumb';
  const colour = forced === undefined ? isTty && !plain : forced !== '0' && !environment['NO_COLOR'];
  return { stream, colour, interactive: isTty && environment['TERM'] !== 'dumb' };
}

/** Returns `text` in the given format where the terminal shows colours, and unchanged elsewhere. */
export function paint(to: Terminal, format: Format, text: string): string {
  return to.colour ? styleText(format, text) : text;
}

/** Shows a line that the next one replaces; does nothing where lines cannot be rewritten. An empty text clears it. */
export function progress(to: Terminal, text: string): void {
  if (to.interactive) to.stream.write(`\r\u001B[K${text}`);
}

/** Lays rows out in columns two spaces apart, measured without colour codes; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = (cell: string): number => stripVTControlCharacters(cell).length;
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, width(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, index) =>
        index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - width(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}
