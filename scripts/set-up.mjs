// The set-up alone: `node scripts/set-up.mjs start|test|bench`. For CI, and before `npm run bench`.
import { fileURLToPath } from 'node:url';
import { reportFailure, setUp } from './setup/set-up.mjs';

const [purpose = 'start'] = process.argv.slice(2);
if (purpose === 'start' || purpose === 'test' || purpose === 'bench') {
  try {
    await setUp({ root: fileURLToPath(new URL('..', import.meta.url)), purpose });
  } catch (error) {
    process.exitCode = reportFailure(error);
  }
} else {
  console.error('Usage: node scripts/set-up.mjs start|test|bench');
  process.exitCode = 2;
}
