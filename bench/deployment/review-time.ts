import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../lib/config/load.ts';
import { repository } from '../../test/review/support/repository.ts';
import { runCommand } from '../../test/support/sandbox-process.ts';
import { summarise, type Summary } from '../statistics.ts';

const example = fileURLToPath(new URL('../../hardening.config.ts', import.meta.url));

/**
 * Seconds of `hardening review`, start of the program included, over the example configuration to which a service is
 * added: both sides loaded, rendered and compared, the changed units scored.
 *
 * @throws Error with what the command printed where it did not find the service
 */
export async function measureReview(repeats: number): Promise<Summary> {
  const { stacks } = (await loadConfig(example)).config;
  const { production } = stacks;
  if (production === undefined) throw new Error('the example has no stack named production');
  const repo = await repository();
  try {
    await repo.configure({ production });
    await repo.render();
    repo.commit('The example');
    await repo.configure({ production: { ...production, services: { ...production.services, added: {} } } });
    const seconds: number[] = [];
    for (let round = 0; round < repeats; round++) {
      const start = performance.now();
      const { output } = await runCommand(['review'], repo.path);
      seconds.push((performance.now() - start) / 1_000);
      if (!output.includes('service `added`')) throw new Error(`the review did not find it: ${output}`);
    }
    return summarise(seconds);
  } finally {
    await repo.remove();
  }
}
