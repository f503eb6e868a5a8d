import { join } from 'node:path';
import { parseConfig } from '../../lib/config/parse.ts';
import { evaluateStack } from '../../lib/policy/evaluate.ts';
import { readStack } from '../../lib/policy/input/read-stack.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { hostStack } from '../../test/constructs/support/deployed-stacks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { summarise, type Summary } from '../statistics.ts';

/** Seconds to read a synthesized stack with the files beside it and to judge it by every rule, libraries loaded. */
export async function measurePolicy(services: number, repeats: number): Promise<Summary> {
  const folder = await temporaryFolder();
  try {
    const names = Array.from({ length: services }, (_, index) => `service-${index}`);
    const stack = { ...hostStack, services: Object.fromEntries(names.map((name) => [name, {}])) };
    synthesize(parseConfig({ stacks: { box: stack } }, 'bench'), folder.path);
    const file = join(folder.path, 'stacks/box/cdk.tf.json');
    return summarise(
      Array.from({ length: repeats }, () => {
        const start = performance.now();
        evaluateStack(readStack(file));
        return (performance.now() - start) / 1_000;
      }),
    );
  } finally {
    await folder.remove();
  }
}
