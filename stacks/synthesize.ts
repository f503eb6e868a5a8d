import { App } from 'cdktf/lib/app.js';
import type { Config } from '../lib/config/schema.ts';
import { HardeningStack } from './hardening-stack.ts';

/**
 * Makes one terraform stack of each entry of a configuration that has a target, and writes them to a folder.
 *
 * @param outdir the folder. Default: what CDKTF_OUTDIR says, or cdktf.out
 * @returns the names of the stacks
 */
export function synthesize(config: Config, outdir?: string): string[] {
  const app = new App({ stackTraces: false, ...(outdir === undefined ? {} : { outdir }) });
  const deployed = Object.entries(config.stacks).filter(
    ([, { target }]) => target.host !== undefined || target.digitalocean !== undefined,
  );
  for (const [name, stack] of deployed) new HardeningStack(app, name, stack);
  app.synth();
  return deployed.map(([name]) => name);
}
