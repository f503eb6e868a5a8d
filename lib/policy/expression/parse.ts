import { attribute, type Node } from './node.ts';
import { Reader } from './reader.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
/** How tight an operator binds, as in HCL's specification; those of one level are taken from the left. */
const precedence: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<=': 4,
  '>=': 4,
  '<': 4,
  '>': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};
const operators = Object.keys(precedence);
/** No one writes deeper; a reader that calls itself ends somewhere beyond. */
const maximumDepth = 200;
const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads a text of JSON as the template that terraform takes it for. What cannot be read has its references alone. */
export function parseTemplate(text: string): Node {
  if (!text.includes('${') && !text.includes('%{')) return { kind: 'literal', value: text };
  try {
    const parser = new Parser(text);
    return parser.template(undefined);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const names = text.match(/[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+/g) ?? [];
    const parts = names.map((name): Node => ({ kind: 'traversal', path: name.split('.') }));
    return { kind: 'opaque', parts: [{ kind: 'literal', value: text }, ...parts] };
  }
}

class Parser extends Reader {
  #depth = 0;

  /** Up to a quote, or to the end. */
  template(end: '"' | undefined): Node {
    const parts: Node[] = [];
    let literal = '';
    const keep = (): void => {
      if (literal !== '') parts.push({ kind: 'literal', value: literal });
      literal = '';
    };
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) {
        if (end === undefined) break;
        throw new SyntaxError('a text without an end');
      }
      if (character === end) {
        this.at++;
        break;
      }
      const three = this.text.slice(this.at, this.at + 3);
      if (three === '$${' || three === '%%{') {
        literal += three.slice(1);
        this.at += 3;
      } else if (three.startsWith('${')) {
        keep();
        this.at += 2;
        this.take('~');
        parts.push(this.#expression());
        this.take('~');
        this.expect('}');
      } else if (three.startsWith('%{')) {
        keep();
        parts.push(this.#directive());
      } else if (end !== undefined && character === '\\') {
        literal += this.#escape();
      } else {
        literal += character;
        this.at++;
      }
    }
    keep();
    const [only, ...others] = parts;
    if (only === undefined) return { kind: 'literal', value: '' };
    return others.length === 0 && only.kind !== 'opaque' ? only : { kind: 'template', parts };
  }

  #escape(): string {
    const after = this.text[this.at + 1] ?? '';
    const digits = { u: 4, U: 8 }[after];
    if (digits === undefined) {
      this.at += 2;
      return escapes[after] ?? after;
    }
    const code = Number.parseInt(this.text.slice(this.at + 2, this.at + 2 + digits), 16);
    this.at += 2 + digits;
    if (!(code <= 0x10ffff)) throw new SyntaxError('an escape that is none');
    return String.fromCodePoint(code);
  }

  /** `%{if …}`, `%{for …}`: what is inside counts, the choice does not. */
  #directive(): Node {
    this.at += 2;
    const parts: Node[] = [];
    for (;;) {
      this.space();
      if (this.take('}', false)) return { kind: 'opaque', parts };
      const word = this.word();
      if (word === undefined) {
        if (this.take('~') || this.take(',')) continue;
        parts.push(this.#expression());
      } else if (!['if', 'else', 'endif', 'for', 'in', 'endfor'].includes(word)) {
        this.at -= word.length;
        parts.push(this.#expression());
      }
    }
  }

  #expression(): Node {
    return this.#deeper(() => this.#conditional());
  }

  #deeper(read: () => Node): Node {
    if (++this.#depth > maximumDepth) throw new SyntaxError('an expression too deep');
    const node = read();
    this.#depth--;
    return node;
  }

  #conditional(): Node {
    const condition = this.#operation();
    if (!this.take('?')) return condition;
    const first = this.#expression();
    this.expect(':');
    return { kind: 'conditional', condition, branches: [first, this.#expression()] };
  }

  /** Operators that bind as tight as `weakest`, or tighter. `!` and `-` before an operand are the operand's. */
  #operation(weakest = 1): Node {
    let left = this.#postfix();
    for (let count = 0; ; count++) {
      if (count > maximumDepth) throw new SyntaxError('an operation too long');
      this.space();
      const operator = operators.find((one) => this.text.startsWith(one, this.at));
      const level = precedence[operator ?? ''] ?? 0;
      if (operator === undefined || level < weakest) return left;
      this.at += operator.length;
      left = { kind: 'operation', operator, operands: [left, this.#operation(level + 1)] };
    }
  }

  #postfix(): Node {
    let node = this.#primary();
    for (;;) {
      if (this.text[this.at] === '.' && !this.text.startsWith('...', this.at)) {
        this.at++;
        const name = this.text[this.at] === '*' ? '*' : (this.word() ?? this.match(number));
        if (name === undefined) throw new SyntaxError('a dot without a name');
        if (name === '*') this.at++;
        node = attribute(node, name === '*' || /^\d/.test(name) ? undefined : name);
      } else if (this.text[this.at] === '[') {
        this.at++;
        this.space();
        const index = this.text[this.at] === '*' ? this.#splat() : this.#expression();
        this.expect(']', false);
        const name = index.kind === 'literal' && typeof index.value === 'string' ? index.value : undefined;
        node = attribute(node, name);
        if (index.kind !== 'literal') node = { kind: 'opaque', parts: [node, index] };
      } else return node;
    }
  }

  #splat(): Node {
    this.at++;
    return { kind: 'literal', value: 0 };
  }

  #primary(): Node {
    this.space();
    const character = this.text[this.at];
    if (character === '"') {
      this.at++;
      const inner = this.template('"');
      return inner.kind === 'literal' ? { kind: 'literal', value: String(inner.value) } : inner;
    }
    if (this.take('(')) {
      const inner = this.#expression();
      this.expect(')', false);
      return inner;
    }
    if (this.take('!') || this.take('-')) {
      return {
        kind: 'operation',
        operator: character ?? '',
        operands: [this.#deeper(() => this.#postfix())],
      };
    }
    if (this.take('[')) return this.#list();
    if (this.take('{')) return this.#object();
    const digits = this.match(number);
    if (digits !== undefined) return { kind: 'literal', value: Number(digits) };
    const word = this.word();
    if (word === undefined) throw new SyntaxError(`not an expression at ${this.at}`);
    if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
    if (word === 'null') return { kind: 'literal', value: null };
    const name = this.#namespaced(word);
    if (this.text[this.at] !== '(') return { kind: 'traversal', path: [name] };
    this.at++;
    return { kind: 'call', name, args: this.#items(')') };
  }

  /** `provider::NAME::FUNCTION`. */
  #namespaced(word: string): string {
    let name = word;
    while (this.text.startsWith('::', this.at)) {
      this.at += 2;
      name = this.word() ?? name;
    }
    return name;
  }

  #items(end: string): Node[] {
    const items: Node[] = [];
    while (!this.take(end, false)) {
      items.push(this.#expression());
      this.take('...');
      if (!this.take(',')) {
        this.expect(end, false);
        break;
      }
    }
    return items;
  }

  #list(): Node {
    return this.#isFor() ? this.#for(']') : { kind: 'list', items: this.#items(']') };
  }

  #object(): Node {
    if (this.#isFor()) return this.#for('}');
    const entries: (readonly [Node, Node])[] = [];
    while (!this.take('}', false)) {
      const key = this.#expression();
      if (!this.take('=')) this.expect(':');
      const [name] = key.kind === 'traversal' && key.path.length === 1 ? key.path : [];
      entries.push([name === undefined ? key : { kind: 'literal', value: name }, this.#expression()]);
      this.take(',');
    }
    return { kind: 'object', entries };
  }

  #isFor(): boolean {
    this.space();
    return /for\s/y.test(this.text.slice(this.at, this.at + 4));
  }

  /** `for NAMES in LIST : [KEY =>] VALUE [if CONDITION]`. */
  #for(end: string): Node {
    this.word();
    const parts: Node[] = [];
    do this.word();
    while (this.take(','));
    if (this.word() !== 'in') throw new SyntaxError('a for without in');
    parts.push(this.#expression());
    this.expect(':');
    parts.push(this.#expression());
    if (this.take('=>')) parts.push(this.#expression());
    this.take('...');
    if (this.word() === 'if') parts.push(this.#expression());
    this.expect(end, false);
    return { kind: 'opaque', parts };
  }
}
