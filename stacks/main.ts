import { dirname } from 'node:path';
import { showError } from '../lib/cli/show-error.ts';
import { defaultConfigFile, loadConfig } from '../lib/config/load.ts';
import { synthText } from '../lib/messages/synth.ts';
import { synthesize } from './synthesize.ts';

/** What cdktf.json runs: `npx cdktf-cli deploy`, and `npm run synth` before plain terraform. */
try {
  const file = process.env['HARDENING_CONFIG'] ?? defaultConfigFile;
  const { config } = await loadConfig(file);
  process.stdout.write(synthText.done(synthesize(config, undefined, dirname(file))));
} catch (error) {
  process.exitCode = showError(error);
}
