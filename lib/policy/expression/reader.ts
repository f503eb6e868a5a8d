const identifier = /[A-Za-z_][\w-]*/y;

/** Where a text is read, sign by sign. Space and comments between signs mean nothing. */
export class Reader {
  protected at = 0;

  constructor(protected readonly text: string) {}

  protected space(): void {
    const space = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
    space.lastIndex = this.at;
    space.test(this.text);
    this.at = Math.max(this.at, space.lastIndex);
  }

  /** A name; undefined where there is none. */
  protected word(): string | undefined {
    this.space();
    return this.match(identifier);
  }

  protected match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  protected take(what: string, spaceAfter = true): boolean {
    this.space();
    if (!this.text.startsWith(what, this.at)) return false;
    if (what === '=' && ['==', '=>'].includes(this.text.slice(this.at, this.at + 2))) return false;
    this.at += what.length;
    if (spaceAfter) this.space();
    return true;
  }

  protected expect(what: string, spaceAfter = what !== '}'): void {
    if (!this.take(what, spaceAfter)) throw new SyntaxError(`no ${what} at ${this.at}`);
  }
}
