import { join } from 'node:path';
import { parseConfig } from '../../lib/config/parse.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { hostStack } from '../../test/constructs/support/deployed-stacks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { summarise, type Summary } from '../statistics.ts';

export interface SynthTime {
  readonly services: number;
  /** Seconds to check the configuration and write the stack, libraries loaded. */
  readonly time: Summary;
}

/** That many services with nothing of their own. */
export function servicesOf(count: number): Record<string, object> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`service-${index}`, {}]));
}

export async function measureSynth(counts: readonly number[], repeats: number): Promise<SynthTime[]> {
  const folder = await temporaryFolder();
  try {
    return counts.map((services) => {
      const stack = { ...hostStack, services: servicesOf(services) };
      const samples = Array.from({ length: repeats }, (_, index) => {
        const start = performance.now();
        synthesize(
          parseConfig({ stacks: { box: stack } }, 'bench'),
          join(folder.path, `${services}-${index}`),
        );
        return (performance.now() - start) / 1_000;
      });
      return { services, time: summarise(samples) };
    });
  } finally {
    await folder.remove();
  }
}
