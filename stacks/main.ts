import { dirname } from 'node:path';
import { showError } from '../lib/cli/show-error.ts';
import { defaultConfigFile, loadConfig } from '../lib/config/load.ts';
import { synthText } from '../lib/messages/synth.ts';
import { synthesize } from './synthesize.ts';

/** What cdktf.json runs: `npx cdktf-cli deploy`, and `npm run synth` before plain terraform. */
try {
  const file = process.env['HARDENING_CONFIG'] ?? defaultConfigFile;
  const { config } = await loadConfig(file);
  const names = synthesize(config, undefined, dirname(file));
  process.stdout.write(synthText.done(names));
  const inBuckets = names.filter((name) => config.stacks[name]?.terraformState.spaces !== undefined);
  if (inBuckets.length > 0 && !process.env['AWS_SSE_CUSTOMER_KEY']) {
    process.stderr.write(synthText.noCustomerKey(inBuckets));
  }
} catch (error) {
  process.exitCode = showError(error);
}
