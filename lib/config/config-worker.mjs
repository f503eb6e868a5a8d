// @ts-check
// Runs a compiled configuration in a thread of its own and hands back what it exports, or says why it cannot.
import { parentPort, workerData } from 'node:worker_threads';

/** @typedef {{ value: unknown } | { needsTypeScript: true } | { threw: string } | { withoutDefault: true } | { notData: { path: string[], type: string } }} Answer */

/** @param {Answer} answer */
const send = (answer) => parentPort?.postMessage(answer);

/** @param {unknown} error */
const textOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Finds what cannot be handed to another thread: a function, a symbol.
 *
 * @param {unknown} value
 * @param {string[]} path
 * @param {Set<unknown>} seen
 * @returns {{ path: string[], type: string } | undefined}
 */
function firstUnsendable(value, path = [], seen = new Set()) {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, type: typeof value };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  for (const [key, inner] of Object.entries(value)) {
    const found = firstUnsendable(inner, [...path, key], seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of the kit's own clone, or of a project that has it: the package itself is compiled. */
async function registerCompiler() {
  const { register } = await import('tsx/esm/api').catch(() => {
    throw new Error('a package that it imports is TypeScript: install tsx, or import its compiled form');
  });
  register();
}

/** @type {unknown} */
let exported;
try {
  if (workerData.withTypeScript) await registerCompiler();
  const module = await import(workerData.url);
  if (!('default' in module)) send({ withoutDefault: true });
  else {
    exported = module['default'];
    send({ value: exported });
  }
} catch (error) {
  const isTypeScript =
    error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
  if (isTypeScript && !workerData.withTypeScript) send({ needsTypeScript: true });
  else if (error instanceof DOMException && error.name === 'DataCloneError') {
    send({ notData: firstUnsendable(exported) ?? { path: [], type: 'special object' } });
  } else send({ threw: textOf(error) });
}
