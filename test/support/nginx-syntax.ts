/** One directive of an nginx file: its words and, for a block, what is inside. */
export interface Directive {
  readonly words: readonly string[];
  readonly block?: readonly Directive[];
}

/**
 * Reads an nginx configuration by nginx's own rules of words, quotes, comments, `;` and braces (src/core/ngx_conf_file.c
 * read as a specification). Written apart from the templates: it judges what they print.
 */
export function parseNginx(text: string): Directive[] {
  let position = 0;
  const parseBlock = (nested: boolean): Directive[] => {
    const directives: Directive[] = [];
    let words: string[] = [];
    for (;;) {
      while (/\s/.test(text[position] ?? '')) position++;
      const character = text[position];
      if (character === undefined) {
        if (nested || words.length > 0) throw new Error('the file ends inside a directive');
        return directives;
      }
      if (character === '#') {
        while (position < text.length && text[position] !== '\n') position++;
      } else if (character === ';' || character === '{' || character === '}') {
        position++;
        if (character === '}') {
          if (!nested || words.length > 0) throw new Error('unexpected }');
          return directives;
        }
        if (words.length === 0) throw new Error(`unexpected ${character}`);
        directives.push(character === ';' ? { words } : { words, block: parseBlock(true) });
        words = [];
      } else {
        words.push(readWord());
      }
    }
  };
  const readWord = (): string => {
    const quote = text[position];
    let word = '';
    if (quote === '"' || quote === "'") {
      for (position++; text[position] !== quote; position++) {
        if (position >= text.length) throw new Error('a quote is open');
        if (text[position] === '\\') word += text[position++] ?? '';
        word += text[position] ?? '';
      }
      position++;
      return word;
    }
    while (position < text.length && !/[\s;{]/.test(text[position] ?? '')) word += text[position++] ?? '';
    return word;
  };
  return parseBlock(false);
}

/** Every directive's name with its depth and its number of words, in order: what data must never change. */
export function skeleton(directives: readonly Directive[], depth = 0): string[] {
  return directives.flatMap(({ words, block }) => [
    `${'  '.repeat(depth)}${words[0] ?? ''}`,
    ...(block === undefined ? [] : skeleton(block, depth + 1)),
  ]);
}
