import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminalPicture } from './terminal-picture.ts';

/** Draws docs/verdict.svg: what `npm start -- --once` shows on this machine. `npm run picture`. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const state = await mkdtemp(join(tmpdir(), 'hardening-picture-'));
try {
  const output = await new Promise<string>((settle, fail) => {
    execFile(
      process.execPath,
      [join(root, 'bin/hardening.js'), 'sandbox', '--once', '--upstream', 'stand-in', '--state-dir', state],
      { cwd: root, env: { ...process.env, FORCE_COLOR: '1', NO_COLOR: '' } },
      (error, stdout, stderr) => {
        if (error === null) settle(stdout);
        else fail(new Error(`the sandbox did not hold:\n${stdout}${stderr}`, { cause: error }));
      },
    );
  });
  await writeFile(join(root, 'docs/verdict.svg'), terminalPicture(`$ npm start -- --once\n\n${output}`));
} finally {
  await rm(state, { recursive: true, force: true });
}
