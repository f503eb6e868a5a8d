import { showError } from '../lib/cli/show-error.ts';
import { synthesizeFile } from '../lib/cli/synth.ts';
import { defaultConfigFile } from '../lib/config/load.ts';

/** What this clone's cdktf.json runs; `hardening synth` does the same. */
try {
  await synthesizeFile(process.env['HARDENING_CONFIG'] ?? defaultConfigFile);
} catch (error) {
  process.exitCode = showError(error);
}
