/** One piece of a body as it arrived. */
export interface Arrival {
  readonly atMs: number;
  readonly bytes: number;
}

/** Fewer parts than this show no rhythm. */
const fewestParts = 4;
/** A generation shorter than this, in milliseconds, drowns in the network's own delays. */
const shortestMs = 100;

function evaluationMs(lines: readonly string[]): number | undefined {
  try {
    const last: unknown = JSON.parse(lines.at(-1) ?? '');
    if (typeof last !== 'object' || last === null || !('eval_duration' in last)) return undefined;
    // Nanoseconds (Ollama's docs/api.md).
    return typeof last.eval_duration === 'number' ? last.eval_duration / 1e6 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges whether a stream of JSON lines arrived as it was made. Ollama says in the last line how long it generated: a
 * stream that takes half as long to arrive, or more, was not held back; one that arrives in a quarter of the time was.
 * Anything between, and a reply too short to tell, is `unknown`.
 */
export function judgeStream(
  arrivals: readonly Arrival[],
  text: string,
): { readonly outcome: 'pass' | 'fail' | 'unknown'; readonly seen: string } {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const spreadMs = (arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0);
  const madeMs = evaluationMs(lines);
  const pieces = `${lines.length} parts in ${arrivals.length} pieces over ${Math.round(spreadMs)} ms`;
  const seen = madeMs === undefined ? pieces : `${pieces}, made in ${Math.round(madeMs)} ms`;
  if (lines.length < fewestParts) return { outcome: 'unknown', seen: `${seen}: too short to tell` };
  if (madeMs === undefined)
    return { outcome: 'unknown', seen: `${seen}: Ollama does not say how long it took` };
  if (madeMs < shortestMs) return { outcome: 'unknown', seen: `${seen}: too quick to tell` };
  if (spreadMs >= madeMs / 2 && arrivals.length >= fewestParts) return { outcome: 'pass', seen };
  if (spreadMs <= madeMs / 4) return { outcome: 'fail', seen };
  return { outcome: 'unknown', seen };
}
