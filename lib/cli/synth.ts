import { dirname } from 'node:path';
import { Command } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import { synthText } from '../messages/synth.ts';

/** `hardening synth`: terraform's files, and what cdktf.json of a project names as its app. */
export function synthCommand(): Command {
  return new Command('synth')
    .summary("write terraform's files of every stack that is deployed to cdktf.out/")
    .description(
      'Synthesizes the stacks for `hardening policy`, plain terraform or `npx cdktf-cli`. Nothing is asked of a cloud. ' +
        'What the policy refuses is not written.',
    )
    .option('--config <file>', 'the configuration', process.env['HARDENING_CONFIG'] ?? defaultConfigFile)
    .addHelpText(
      'after',
      `
Environment:
  CDKTF_OUTDIR       the folder, in place of cdktf.out; cdktf sets it
  HARDENING_CONFIG   the configuration, where --config is not given

Exit codes: 0 done, 2 bad input.`,
    )
    .action(({ config }: { readonly config: string }) => synthesizeFile(config));
}

/**
 * Synthesizes what a configuration file says, and says what was written.
 *
 * @throws UserError for what the file says, and for files that it names
 */
export async function synthesizeFile(file: string): Promise<void> {
  const { config } = await loadConfig(file);
  // Only now: the libraries of the constructs take a second to load.
  const { synthesize } = await import('../../stacks/synthesize.ts');
  const names = synthesize(config, undefined, dirname(file));
  process.stdout.write(synthText.done(names));
  const inBuckets = names.filter((name) => config.stacks[name]?.terraformState.spaces !== undefined);
  if (inBuckets.length > 0 && !process.env['AWS_SSE_CUSTOMER_KEY']) {
    process.stderr.write(synthText.noCustomerKey(inBuckets));
  }
}
