import { isIP } from 'node:net';
import { posix } from 'node:path';

/**
 * What a template may print: each helper takes a value, checks that it cannot leave its place in the language of the
 * file, and prints it. They refuse rather than escape, since a checked configuration has nothing to escape; a value
 * that is missing is refused like any other of a wrong type.
 */
export type Helper = (...values: unknown[]) => string;

/** Builds a helper of one text that must match `pattern` whole. */
function word(language: string, pattern: RegExp): Helper {
  const whole = new RegExp(`^(?:${pattern.source})$`);
  return (value) => {
    if ((typeof value !== 'string' && typeof value !== 'number') || !whole.test(String(value))) {
      throw refused(value, language);
    }
    return String(value);
  };
}

function refused(value: unknown, language: string): RangeError {
  return new RangeError(
    `${value === undefined ? 'a missing value' : JSON.stringify(value)} cannot be printed as ${language}`,
  );
}

/** Parts of letters, digits and `_.-`: no file's language has more to say about them. */
const absolutePath = /\/(?:[A-Za-z0-9_.-]+\/)*[A-Za-z0-9_.-]+/;

const nginx = word('a bare nginx word', /[A-Za-z0-9_.:-]+/);
const listed = word('an entry of a list', /[A-Za-z0-9_.:/-]+/);
const urlPath = word('a constant URL path', /\/[A-Za-z0-9_./-]*/);
const regexLiteral = word('the text of a regular expression', /[A-Za-z0-9_.:/-]+/);

function integer(value: unknown): string {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw refused(value, 'a whole number');
  }
  return String(value);
}

function texts(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw refused(value, 'a list');
  return value;
}

function regex(value: unknown): string {
  return regexLiteral(value).replaceAll('.', '\\.');
}

/** A path in double quotes. nginx would read `$` as a variable there, and `"` or `\` as the end or an escape. */
function path(directory: unknown, ...names: unknown[]): string {
  const parts = [directory, ...names].filter((part) => typeof part === 'string');
  const joined = parts.length === names.length + 1 ? posix.join(...parts) : '';
  if (!isQuotablePath(joined)) throw refused(directory, 'an absolute path');
  return `"${joined}"`;
}

/** Whether nginx can be given a path: absolute, printable, and none of `"`, `$`, `\`, `{`, `}`, `;`. */
export function isQuotablePath(value: string): boolean {
  return posix.isAbsolute(value) && /^[^\p{Cc}"$\\{};]+$/u.test(value);
}

/** A network as nftables takes it: an address, a slash, a prefix length. */
function network(value: unknown): string {
  const [, address = '', prefix = ''] = /^([^/]+)\/([0-9]{1,3})$/.exec(String(value)) ?? [];
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (typeof value !== 'string' || address.includes('%') || Number(prefix) > bits) {
    throw refused(value, 'a network');
  }
  return value;
}

function endpoint(value: unknown): string {
  const { address, port } = (value ?? {}) as { address?: unknown; port?: unknown };
  if (typeof address !== 'string' || isIP(address) === 0 || address.includes('%')) {
    throw refused(address, 'an address');
  }
  return `${isIP(address) === 6 ? `[${address}]` : address}:${integer(port)}`;
}

/** Where nginx reaches an upstream: an address, or a unix socket. */
function upstreamServer(value: unknown): string {
  const { socket } = (value ?? {}) as { socket?: unknown };
  return socket === undefined ? endpoint(value) : `unix:${word('a socket path', absolutePath)(socket)}`;
}

/** Every helper by the name that templates use. */
export const helpers: Readonly<Record<string, Helper>> = {
  integer,
  seconds: (value) => `${integer(value)}s`,
  kibibytes: (value) => `${integer(value)}k`,
  nginx,
  identifier: word('an identifier', /[A-Za-z][A-Za-z0-9_]*/),
  /** A constant in double quotes. */
  quoted: (value) => `"${word('a quoted constant', /[A-Za-z0-9_.:/=, -]+/)(value)}"`,
  list: (separator, values) =>
    texts(values)
      .map((value) => listed(value))
      .join(String(separator)),
  urlPath,
  /** A text that a regular expression is to match as it is. */
  regex,
  /** A group of texts, one of which a regular expression is to match as it is. */
  regexOneOf: (values) => `(?:${texts(values).map(regex).join('|')})`,
  /** A character class with a count: the only regular expression that data may bring along. */
  pattern: word('the pattern of a parameter', /(?:[a-z0-9]+|\[[A-Za-z0-9._:-]+\](?:\{\d+(?:,\d+)?\})?)+/),
  path,
  network,
  /** Networks of one family as the elements of an anonymous set of nftables. */
  networks: (values) => texts(values).map(network).join(', '),
  /** A user or a group in an expression of nftables. */
  nftName: word('a name of nftables', /[a-z_][a-z0-9_-]*/),
  /** A few words in a comment. */
  words: word('words of a comment', /[A-Za-z' -]+/),
  sshWord: word('a word of sshd_config', /[A-Za-z0-9@._-]+/),
  sshWords: (values) =>
    texts(values)
      .map((value) => word('a word of sshd_config', /[A-Za-z0-9@.-]+/)(value))
      .join(','),
  sshPath: word('a path of sshd_config', absolutePath),
  /** A line of authorized_keys without options: type, key and whose it is. */
  sshPublicKey: word('a public key', /[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}/),
  keyOwner: word("a key's owner", /[a-z][a-z0-9-]*/),
  endpoint,
  upstreamServer,
  /** A part of a quoted systemd assignment: none of `"`, `\`, `%` and `$` (systemd.syntax(7), systemd.unit(5)). */
  systemdWord: word('a systemd word', /[A-Za-z0-9_.:@/[\]-]+/),
  /** An absolute path as a word of a systemd setting; further parts are joined to it. */
  systemdPath: (...parts) => word('a path of systemd', absolutePath)(parts.join('/')),
  /** An absolute path as a word of a shell, without quotes. */
  shellPath: word('a path of a shell', absolutePath),
};
