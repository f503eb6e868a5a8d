/** Header fields in the order in which they came, names in their original case, values as latin1. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A message head taken from bytes: its first line, its fields, and what a strict parser would have refused. */
export interface MessageHead {
  readonly startLine: string;
  readonly headers: [string, string][];
  /**
   * Departures from RFC 9112 that were read leniently: `bare LF`, `obs-fold`, `space before colon`. Empty for a
   * head that is right to the letter.
   */
  readonly departures: string[];
  /** The index of the first byte after the empty line. */
  readonly end: number;
}

/** Bytes that cannot be read as the message they should be. */
export class MalformedMessage extends Error {}

const CR = 0x0d;
const LF = 0x0a;

/** Takes one line from `from`; undefined while its LF has not come. CR LF and a bare LF both end it. */
export function takeLine(
  bytes: Buffer,
  from: number,
): { line: string; end: number; bareLf: boolean } | undefined {
  const lf = bytes.indexOf(LF, from);
  if (lf < 0) return undefined;
  const bareLf = lf === from || bytes[lf - 1] !== CR;
  return { line: bytes.toString('latin1', from, bareLf ? lf : lf - 1), end: lf + 1, bareLf };
}

/** Reads field lines from `from` to the empty line; undefined while it has not come. Used for heads and trailers. */
export function takeFields(
  bytes: Buffer,
  from: number,
): { headers: [string, string][]; departures: string[]; end: number } | undefined {
  const headers: [string, string][] = [];
  const departures = new Set<string>();
  let at = from;
  for (;;) {
    const next = takeLine(bytes, at);
    if (next === undefined) return undefined;
    at = next.end;
    if (next.bareLf) departures.add('bare LF');
    if (next.line === '') return { headers, departures: [...departures], end: at };
    const last = headers.at(-1);
    if (/^[ \t]/.test(next.line)) {
      // RFC 9112, 5.2: a fold stands for spaces. Before the first field it is nothing that can be read.
      if (last === undefined) throw new MalformedMessage('a folded line before the first field');
      departures.add('obs-fold');
      last[1] = `${last[1]} ${trimBlanks(next.line)}`;
      continue;
    }
    const colon = next.line.indexOf(':');
    if (colon < 1) throw new MalformedMessage(`a field line without a name: ${JSON.stringify(next.line)}`);
    const name = next.line.slice(0, colon);
    if (/[ \t]$/.test(name)) departures.add('space before colon');
    headers.push([name, trimBlanks(next.line.slice(colon + 1))]);
  }
}

/** Reads a whole head; undefined while its end has not come. Empty lines before it are skipped (RFC 9112, 2.2). */
export function takeHead(bytes: Buffer): MessageHead | undefined {
  let at = 0;
  for (;;) {
    const first = takeLine(bytes, at);
    if (first === undefined) return undefined;
    at = first.end;
    if (first.line === '') continue;
    const fields = takeFields(bytes, at);
    if (fields === undefined) return undefined;
    const departures =
      first.bareLf && !fields.departures.includes('bare LF')
        ? ['bare LF', ...fields.departures]
        : fields.departures;
    return { startLine: first.line, headers: fields.headers, departures, end: fields.end };
  }
}

/** The values of every field of that name; case and a blank before the colon do not matter. */
export function valuesOf(headers: HeaderList, name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([key]) => key.trimEnd().toLowerCase() === wanted).map(([, value]) => value);
}

/** How the bytes after a head are framed. `none` is a message that ends with its head. */
export type Framing = { kind: 'none' } | { kind: 'length'; length: number } | { kind: 'chunked' };

/**
 * Tells the framing of a body as RFC 9112, 6.3 does: Transfer-Encoding before Content-Length. What a strict parser
 * refuses, and smuggling lives on, is named in `departures`. Throws MalformedMessage where no reading is left.
 */
export function framingOf(headers: HeaderList): { framing: Framing; departures: string[] } {
  const lengths = valuesOf(headers, 'content-length');
  const encodings = valuesOf(headers, 'transfer-encoding');
  const departures: string[] = [];
  if (lengths.length > 0 && encodings.length > 0) departures.push('Content-Length beside Transfer-Encoding');
  if (encodings.length > 0) {
    const encoding = encodings.join(', ');
    if (encoding.toLowerCase() !== 'chunked') departures.push('unusual Transfer-Encoding');
    if (!/(?:^|[\s,])chunked$/i.test(encoding.trimEnd()))
      throw new MalformedMessage(`Transfer-Encoding ${JSON.stringify(encoding)}`);
    return { framing: { kind: 'chunked' }, departures };
  }
  const values = lengths.flatMap((value) => value.split(',')).map(trimBlanks);
  const [first] = values;
  if (first === undefined) return { framing: { kind: 'none' }, departures };
  if (values.length > 1) departures.push('several Content-Length values');
  if (!values.every((value) => /^\d{1,15}$/.test(value)))
    throw new MalformedMessage(`Content-Length ${JSON.stringify(lengths.join(', '))}`);
  if (values.some((value) => Number(value) !== Number(first)))
    throw new MalformedMessage(`Content-Length ${JSON.stringify(lengths.join(', '))}: values differ`);
  return { framing: { kind: 'length', length: Number(first) }, departures };
}

/** Reads a body piece by piece; feed it with `take` until it says `done`. */
export interface BodyReader {
  /**
   * Consumes bytes, adds what is body to `body` (also before it throws), and returns what is left over. While not
   * done, left-over bytes are to be fed again with those that follow.
   */
  take(bytes: Buffer, body: Buffer[]): { rest: Buffer; done: boolean };
  readonly trailers: [string, string][];
  readonly departures: string[];
}

/** A reader for `framing`. */
export function bodyReader(framing: Framing): BodyReader {
  return framing.kind === 'chunked' ? chunkedReader() : lengthReader(framing);
}

function lengthReader(framing: Exclude<Framing, { kind: 'chunked' }>): BodyReader {
  let missing = framing.kind === 'length' ? framing.length : 0;
  return {
    trailers: [],
    departures: [],
    take(bytes, body) {
      const piece = bytes.subarray(0, missing);
      if (piece.length > 0) body.push(piece);
      missing -= piece.length;
      return { rest: bytes.subarray(piece.length), done: missing === 0 };
    },
  };
}

function chunkedReader(): BodyReader {
  const trailers: [string, string][] = [];
  const departures = new Set<string>();
  let state: 'size' | 'data' | 'data end' | 'trailers' = 'size';
  let missing = 0;
  return {
    trailers,
    get departures() {
      return [...departures];
    },
    take(bytes, body) {
      let rest = bytes;
      for (;;) {
        if (state === 'data') {
          const piece = rest.subarray(0, missing);
          if (piece.length > 0) body.push(piece);
          missing -= piece.length;
          rest = rest.subarray(piece.length);
          if (missing > 0) return { rest, done: false };
          state = 'data end';
        }
        if (state === 'trailers') {
          const fields = takeFields(rest, 0);
          if (fields === undefined) return { rest, done: false };
          trailers.push(...fields.headers);
          for (const departure of fields.departures) departures.add(departure);
          return { rest: rest.subarray(fields.end), done: true };
        }
        const next = takeLine(rest, 0);
        if (next === undefined) return { rest, done: false };
        rest = rest.subarray(next.end);
        if (next.bareLf) departures.add('bare LF');
        if (state === 'data end') {
          if (next.line !== '')
            throw new MalformedMessage(`after a chunk's data: ${JSON.stringify(next.line)}`);
          state = 'size';
          continue;
        }
        const size = /^([0-9a-fA-F]{1,8})([ \t]*(?:;.*)?)$/s.exec(next.line);
        if (size?.[1] === undefined)
          throw new MalformedMessage(`a chunk size of ${JSON.stringify(next.line)}`);
        if (size[2] !== '') departures.add('chunk extension');
        missing = Number.parseInt(size[1], 16);
        state = missing === 0 ? 'trailers' : 'data';
      }
    },
  };
}

function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
