import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseConfig } from '../../lib/config/parse.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { hostStack } from '../../test/constructs/support/deployed-stacks.ts';
import { terraformTools } from '../../test/machine/support/terraform-tools.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { servicesOf } from './synth-time.ts';

export interface PlanTime {
  readonly services: number;
  /** Seconds of `terraform plan` for a stack of which nothing is there yet: of all plans the longest. */
  readonly seconds: number;
}

/** Plans once for each count: a plan of a thousand services takes minutes. */
export async function measurePlans(
  counts: readonly number[],
  progress: (what: string) => void,
): Promise<PlanTime[]> {
  const tools = await terraformTools();
  const folder = await temporaryFolder();
  const times: PlanTime[] = [];
  try {
    for (const services of counts) {
      progress(`terraform plan, ${services} services`);
      const out = join(folder.path, String(services));
      const stack = { ...hostStack, services: servicesOf(services) };
      synthesize(parseConfig({ stacks: { box: stack } }, 'bench'), out);
      const terraform = (...parameters: string[]) =>
        promisify(execFile)(tools.terraform, [`-chdir=${join(out, 'stacks', 'box')}`, ...parameters], {
          env: { ...process.env, ...tools.environment },
          maxBuffer: 256 * 1024 * 1024,
        });
      await terraform('init', '-input=false');
      const start = performance.now();
      await terraform('plan', '-input=false', '-no-color');
      times.push({ services, seconds: (performance.now() - start) / 1_000 });
    }
    return times;
  } finally {
    await folder.remove();
  }
}
