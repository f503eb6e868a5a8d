import { Command } from 'commander';
import { defaultConfigFile } from '../config/load.ts';
import { ExitCode } from '../messages/user-error.ts';
import { reviewReport } from '../messages/review.ts';
import { needsApproval } from '../review/change.ts';
import { printReview, reviewJson } from '../review/print.ts';
import { review } from '../review/review.ts';
import { Ended, endingSignal } from './ending-signal.ts';
import { parseFolder } from './parameters.ts';

interface Options {
  readonly base?: string;
  readonly config: string;
  readonly out: string;
  readonly plan: readonly string[];
  readonly json?: true;
}

const more = `
Who is let in, with which routes and limits; ports and who reaches them; administrators; keys and CAs; units with their
score; models; acknowledged risks; files that the kit itself changes. What widens is on top and marked in words:
  WIDENS     somebody may do more
  MAY WIDEN  the configuration does not tell; read the diff
  LOSES      a plan replaces or destroys a droplet or a CA

Both configurations are code and run with your rights: give a job that reviews a stranger's branch no secret
(docs/review.md). Nothing is fetched and nothing is changed.

Exit codes: 0 nothing to approve, 1 something widens, may widen or is lost, 2 not possible.`;

/** `hardening review`: what a pull request changes, in words. */
export function reviewCommand(): Command {
  return new Command('review')
    .summary('say in words what changes against the base, for the pull request')
    .description('Prints, as Markdown, what changes between the base and the working tree.')
    .option('--base <ref>', 'compare with where HEAD left REF (default: origin/HEAD, else main)')
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--out <dir>', 'the folder of rendered stacks', parseFolder, 'rendered')
    .option('--plan <file>', 'what `terraform show -json PLAN` prints; may be repeated', collect, [])
    .option('--json', 'print one JSON document')
    .addHelpText('after', more)
    .action(async ({ base, config, out, plan, json }: Options) => {
      try {
        const found = await review({ base, config, out, plans: plan, ending: endingSignal() });
        process.stdout.write(json === true ? reviewJson(found) : printReview(found));
        process.exitCode = found.changes.some(needsApproval) ? ExitCode.attention : ExitCode.ok;
      } catch (error) {
        throw error instanceof Ended ? reviewReport.interrupted() : error;
      }
    });
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}
