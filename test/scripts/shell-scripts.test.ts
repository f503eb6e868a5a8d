import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';

// In a copy without .git there is no list of files to go by: the scripts known here have to do.
const scripts = existsSync('.git')
  ? execFileSync('git', ['ls-files', '*.sh', '.ci/run'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  : ['.ci/run', 'scripts/install-packages.sh', 'scripts/try-bare-debian.sh'];
const shellcheck = findProgram('shellcheck');

describe('shellcheck finds nothing in', () => {
  it.for(scripts)('%s', (script, test) => {
    if (shellcheck === undefined) return test.skip('shellcheck is not installed');
    const { stdout, status } = spawnSync(shellcheck, ['--severity=style', script], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
