import { UserError } from './user-error.ts';

/** One thing that is wrong in a configuration. */
export interface ConfigProblem {
  /** Dotted path, such as `stacks.production.gateway.listenPort`; empty for the whole file. */
  readonly path: string;
  /** What is wrong, in a few words. */
  readonly problem: string;
  /** The value that stands there, as printed by `showValue`. */
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
}

/** Everything that is wrong in one configuration, reported at once. */
export class ConfigError extends UserError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(
      [
        `${file}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}`,
        ...problems.map(showProblem),
      ].join('\n'),
      'correct the configuration; nothing was written',
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function showProblem(problem: ConfigProblem): string {
  return [
    `\n  ${problem.path === '' ? '(the whole file)' : problem.path}: ${problem.problem}`,
    `    got      ${problem.got}`,
    `    allowed  ${problem.allowed}`,
    `    fix      ${problem.fix}`,
  ].join('\n');
}

/** Prints a value on one line of printable ASCII, at most 80 characters, so that a hostile one cannot pose as text. */
export function showValue(value: unknown): string {
  const ascii = printed(value).replace(
    /[^ -~]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return ascii.length > 80 ? `${ascii.slice(0, 77)}...` : ascii;
}

function printed(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isJsonless(value)) return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (isJsonless(inner) ? String(inner) : inner));
  } catch {
    return 'an object that cannot be printed';
  }
}

/** NaN and infinities, which JSON would print as null, and big integers, which it refuses. */
function isJsonless(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value));
}

/** Wording of the problems that the value schemas do not word themselves. */
export const configText = {
  unknownKey: 'unknown key',
  missing: 'missing',
  notAllowed: 'not allowed here',
  wrongName: 'not an allowed name',
  useNearest: (nearest: string) => `did you mean '${nearest}'? Otherwise remove the key`,
  removeKey: 'remove the key',
  writeObject: 'write an object with the allowed keys',
  keys: (keys: readonly string[]) =>
    keys.length === 0 ? 'no key' : `the keys ${keys.map((key) => `'${key}'`).join(', ')}`,
  outlivesCa: (caDays: number) => ({
    problem: 'the certificate would outlive the CA',
    allowed: `at most ${caDays} days, the lifetime of the CA`,
    fix: 'shorten it, or raise pki.caLifetimeDays',
  }),
  samePort: (other: string) => ({
    problem: `the same port as ${other}`,
    allowed: 'a port that nothing else of the stack uses',
    fix: 'give each listener a port of its own',
  }),
  exposedOllama: {
    problem: 'Ollama would listen beyond loopback, where callers pass the gateway by',
    allowed: 'an address of 127.0.0.0/8 or ::1; any other only with ollama.nonLoopbackHostReason',
    fix: "use '127.0.0.1:11434', or write down in nonLoopbackHostReason why it is acceptable",
  },
  needlessReason: {
    problem: 'acknowledges a risk that is not taken',
    allowed: 'nothing while ollama.host is a loopback address',
    fix: 'remove nonLoopbackHostReason',
  },
  tooManyLimits: (most: number) => ({
    problem: 'too many different limits among the services',
    allowed: `at most ${most} different sets of rate, burst and concurrent streams in one stack`,
    fix: 'let services share limits, or leave theirs out to use limits.perIdentity',
  }),
  duplicateKey: (line: number) => ({
    problem: `the key is written twice in one object (line ${line})`,
    allowed: 'each key once; the second would silently win',
    fix: 'rename or remove one of them',
  }),
  noFile: (file: string, code: string) =>
    new UserError(
      `${file}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code}`}`,
      'name a configuration with --config FILE',
    ),
  notFile: (file: string) =>
    new UserError(`${file}: is no file but a folder or the like`, 'name a configuration with --config FILE'),
  noDefaultExport: (file: string) =>
    new UserError(
      `${file}: has no default export`,
      'end it with `export default defineConfig({ stacks: { … } })`',
    ),
  threw: (file: string, message: string) =>
    new UserError(`${file}: failed while it was read: ${message}`, 'correct the file; nothing was written'),
  endedEarly: (file: string) =>
    new UserError(
      `${file}: ended while it was read, by process.exit or by waiting for what never comes`,
      'correct the file; nothing was written',
    ),
  tookTooLong: (file: string, limitMs: number) =>
    new UserError(
      `${file}: was still running after ${limitMs / 1000} seconds`,
      'correct the file: it is to export an object, not to wait for something; nothing was written',
    ),
  notData: (file: string, path: string, type: string) =>
    new UserError(
      `${file}: ${path === '' ? 'the default export' : path} is a ${type}, which is no plain data`,
      'export objects, arrays, texts, numbers and booleans alone; nothing was written',
    ),
  noSuchStack: (name: string, names: readonly string[]) =>
    new UserError(`there is no stack ${showValue(name)}`, `choose one of: ${names.join(', ')}`),
};
