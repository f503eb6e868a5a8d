import type { Ask } from './context.ts';

/**
 * JSON that breaks off. An Ollama that gets it answers 400 before it looks at a model: where a request must be refused,
 * this one costs nothing if it is not.
 */
export const brokenJson = '{';

/** The calls of the usual manual check: one that reads, and one that would run a model. */
export const manualCalls: readonly Ask[] = [
  { path: '/ollama/api/tags' },
  { method: 'POST', path: '/ollama/api/generate', body: brokenJson },
];
