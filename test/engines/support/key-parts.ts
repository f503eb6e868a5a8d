import { createPrivateKey } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** As long as a part must be to be nobody else's by chance: 16 characters of base64 are 96 bits. */
const partLength = 16;

const pemOfKey = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^-]+-----END \1-----/g;

/**
 * What to look for to find one of the private keys or a piece of it: the lines of every PEM in parts, and each key's
 * secret number as bytes, hexadecimal, base64 and base64url. Parts that several keys share tell their form and no secret;
 * they are left out. A part can be of the public half, which a certificate has too.
 *
 * @param json what `state pull` and `output -json` print
 */
export function keyParts(...json: readonly string[]): Buffer[] {
  const texts = json.flatMap((one) => stringsOf(JSON.parse(one)));
  const pems = [...new Set(texts.flatMap((text) => text.match(pemOfKey) ?? []))];
  const seen = new Map<string, number>();
  for (const part of pems.flatMap(partsOf)) seen.set(part, (seen.get(part) ?? 0) + 1);
  const own = [...seen].filter(([, times]) => times === 1).map(([part]) => Buffer.from(part));
  return [...own, ...new Map(pems.flatMap(numberOf).map((form) => [form.toString('hex'), form])).values()];
}

/** The parts of a PEM's lines, each once. */
function partsOf(pem: string): string[] {
  const lines = pem.split('\n').filter((line) => !line.startsWith('-----'));
  return [...new Set(lines.flatMap((line) => line.match(new RegExp(`.{${partLength}}`, 'g')) ?? []))];
}

/** The secret number of a key on a curve. OpenSSH's form, which Node does not read, is of a key that is there as PEM too. */
function numberOf(pem: string): Buffer[] {
  if (pem.includes('OPENSSH')) return [];
  const number = Buffer.from(createPrivateKey(pem).export({ format: 'jwk' }).d ?? '', 'base64url');
  const forms = ['hex', 'base64', 'base64url'] as const;
  return [number, ...forms.map((form) => Buffer.from(number.toString(form)))];
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}

/** Every file below a folder that has one of the parts, sorted; but for packages of npm. */
export async function filesWith(folder: string, parts: readonly Buffer[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('node_modules/'));
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file))));
  return files.filter((_file, index) => parts.some((part) => contents[index]?.includes(part))).sort();
}
