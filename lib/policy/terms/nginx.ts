import { posix } from 'node:path';
import type { AssetFile } from '../stack.ts';

/** A directive of nginx, with its block where it has one. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Directive[] | undefined;
}

interface Token {
  readonly text: string;
  /** A quoted `;` or `{` is text. */
  readonly isSign: boolean;
}

/** Words, quoted words and the signs `;`, `{` and `}`, as ngx_conf_read_token takes them. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (/\s/.test(character)) at++;
    else if (character === '#') at = endOfLine(text, at);
    else if (character === ';' || character === '{' || character === '}') {
      tokens.push({ text: character, isSign: true });
      at++;
    } else if (character === '"' || character === "'") {
      const [word, end] = quoted(text, at + 1, character);
      tokens.push({ text: word, isSign: false });
      at = end;
    } else {
      const [word, end] = bare(text, at);
      tokens.push({ text: word, isSign: false });
      at = end;
    }
  }
  return tokens;
}

const endOfLine = (text: string, at: number): number => {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
};

const escaped: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  t: '\t',
  r: '\r',
  n: '\n',
};

function quoted(text: string, from: number, quote: string): [word: string, end: number] {
  let word = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === quote) return [word, at + 1];
    if (character === '\\') {
      const next = text[++at] ?? '';
      word += escaped[next] ?? `\\${next}`;
    } else word += character;
  }
  throw new SyntaxError('a quote without an end');
}

function bare(text: string, from: number): [word: string, end: number] {
  let word = '';
  let at = from;
  for (; at < text.length; at++) {
    const character = text[at] ?? '';
    if (/[\s;]/.test(character)) break;
    // `${name}` is a variable, any other brace begins a block.
    if (character === '{' && text[at - 1] !== '$') break;
    if (character === '\\') word += `\\${text[++at] ?? ''}`;
    else word += character;
  }
  return [word, at];
}

/**
 * Reads a file of nginx.
 *
 * @throws SyntaxError for what nginx would refuse too
 */
export function parseNginx(text: string): Directive[] {
  const tokens = tokensOf(text);
  let next = 0;
  const block = (isInner: boolean): Directive[] => {
    const directives: Directive[] = [];
    let words: string[] = [];
    for (;;) {
      const token = tokens[next++];
      if (token === undefined) {
        if (isInner || words.length > 0) throw new SyntaxError('a directive without an end');
        return directives;
      }
      if (!token.isSign) {
        words.push(token.text);
        continue;
      }
      const [name, ...args] = words;
      if (token.text === '}') {
        if (!isInner || name !== undefined) throw new SyntaxError('a } that closes nothing');
        return directives;
      }
      if (name === undefined) throw new SyntaxError(`a ${token.text} without a directive`);
      directives.push({ name, args, block: token.text === '{' ? block(true) : undefined });
      words = [];
    }
  };
  return block(false);
}

/** An instance of nginx, or a file of a site of one, with everything that it includes. */
export interface NginxFile {
  /** What findings call the file. */
  readonly name: string;
  /** Undefined: it cannot be read. */
  readonly directives: readonly Directive[] | undefined;
}

/** The configurations of nginx among files: each `nginx.conf`, and files that belong to none and pass requests on. */
export function nginxFilesOf(files: readonly AssetFile[]): NginxFile[] {
  const conf = files.filter(
    ({ path, content }) => /\.conf$|sites-|\/nginx\//.test(path) && /[;{]/.test(content),
  );
  const used = new Set<string>();
  const mains = conf
    .filter(({ path }) => posix.basename(path) === 'nginx.conf')
    .map((file) => ({ name: file.name, directives: read(file, conf, used) }));
  const sites = conf
    .filter(({ path, content }) => !used.has(path) && /^[^#\n]*\b(?:proxy_pass|upstream)\b/m.test(content))
    .map((file) => ({ name: file.name, directives: read(file, conf, used) }));
  return [...mains, ...sites];
}

function read(file: AssetFile, all: readonly AssetFile[], used: Set<string>): Directive[] | undefined {
  try {
    used.add(file.path);
    return withIncludes(parseNginx(file.content), posix.dirname(file.path), all, used, 0);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withIncludes(
  directives: readonly Directive[],
  folder: string,
  all: readonly AssetFile[],
  used: Set<string>,
  depth: number,
): Directive[] {
  // More than any real tree has: a file that includes itself.
  if (depth > 16) throw new SyntaxError('includes without an end');
  return directives.flatMap((directive): Directive[] => {
    if (directive.name === 'include' && directive.args[0] !== undefined) {
      const wanted = includePattern(folder, directive.args[0]);
      return all
        .filter(
          ({ path, machinePath }) =>
            wanted.test(path) || (machinePath !== undefined && wanted.test(machinePath)),
        )
        .flatMap((file) => {
          used.add(file.path);
          return withIncludes(parseNginx(file.content), folder, all, used, depth + 1);
        });
    }
    if (directive.block === undefined) return [directive];
    return [{ ...directive, block: withIncludes(directive.block, folder, all, used, depth) }];
  });
}

/** nginx takes a relative path from the folder of the main file. */
function includePattern(folder: string, given: string): RegExp {
  const path = given.startsWith('/') ? given.slice(1) : posix.join(folder, given);
  const pattern = path
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${pattern}$`);
}
