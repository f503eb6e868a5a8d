import { join } from 'node:path';
import { App } from 'cdktf/lib/app.js';
import { policyFindings } from '../lib/constructs/policy.ts';
import { policyText } from '../lib/messages/policy.ts';
import { isRefused } from '../lib/policy/evaluate.ts';
import { findingLine } from '../lib/policy/report.ts';
import type { Config } from '../lib/config/schema.ts';
import { HardeningStack } from './hardening-stack.ts';
import { readPublicParts } from './read-public-parts.ts';

/**
 * Makes one terraform stack of each entry of a configuration that has a target, and writes them to a folder.
 *
 * @param outdir the folder. Default: what CDKTF_OUTDIR says, or cdktf.out
 * @param folder where the paths in the configuration start. Default: the working directory
 * @throws UserError for a file that the configuration names and that is missing, or not what it should be; nothing was
 *   written then; UserError where the policy refuses a stack, with every finding; nothing was written then either
 * @returns the names of the stacks
 */
export function synthesize(config: Config, outdir?: string, folder = '.'): string[] {
  const out = outdir ?? process.env['CDKTF_OUTDIR'] ?? 'cdktf.out';
  const deployed = Object.entries(config.stacks)
    .filter(([, { target }]) => target.host !== undefined || target.digitalocean !== undefined)
    .map(([name, stack]) => ({
      name,
      stack,
      parts: readPublicParts(name, stack, { folder, seenFrom: join(out, 'stacks', name) }),
    }));
  // Making it makes its folder.
  const app = new App({ stackTraces: false, outdir: out });
  const stacks = deployed.map(({ name, stack, parts }) => new HardeningStack(app, name, stack, parts));
  requirePolicy(stacks);
  app.synth();
  return deployed.map(({ name }) => name);
}

/** A stack that is refused keeps the others from being written too: what is deployed fits together. */
function requirePolicy(stacks: readonly HardeningStack[]): void {
  const refused = stacks.flatMap((stack) => {
    return policyFindings(stack, stack.modelPorts).filter((finding) => isRefused([finding]));
  });
  if (refused.length > 0)
    throw policyText.refused(refused.map((finding) => [finding.stack, findingLine(finding)]));
}
