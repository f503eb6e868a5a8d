import { gunzipSync } from 'node:zlib';

/** A machine's user_data is 64 KiB at most; more than this is no text for a person. */
const maximumInflatedBytes = 4_194_304;
const maximumDepth = 4;

/** Base64 of so many characters or more in its first line, also in lines, as MIME and YAML break it. */
export const base64Runs = (fewest: number): RegExp =>
  new RegExp(`[A-Za-z0-9+/_-]{${fewest},}={0,2}(?:[ \\t]*\\r?\\n[ \\t]*[A-Za-z0-9+/_-]{4,}={0,2})*`, 'g');

/** The bytes of such a run. */
export const bytesOf = (run: string): Buffer => Buffer.from(run.replace(/\s+/g, ''), 'base64');

/** Of 12 bytes or more. */
const encoded = base64Runs(16);

/** What is pressed by gzip; undefined for what is not. */
export function inflated(bytes: Buffer): string | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined;
  try {
    return gunzipSync(bytes, { maxOutputLength: maximumInflatedBytes }).toString('latin1');
  } catch {
    return undefined;
  }
}

/** The texts that are in base64 within a text, also pressed by gzip, and those within them. */
export function encodedTexts(text: string, depth = 0): string[] {
  if (depth >= maximumDepth) return [];
  return (text.match(encoded) ?? []).flatMap(ways).flatMap((run) => {
    const bytes = bytesOf(run);
    const inner = inflated(bytes) ?? bytes.toString('utf8');
    return /^[\t\r\n\x20-\x7e\u00a0-\ufffc]+$/.test(inner) ? [inner, ...encodedTexts(inner, depth + 1)] : [];
  });
}

/** A run as a whole, and without words of the lines after it that are no base64. */
function ways(run: string): string[] {
  const lines = run.split('\n');
  return [...new Set([lines, lines.slice(0, -1), lines.slice(0, 1)].map((some) => some.join('')))].filter(
    (one) => one !== '',
  );
}
