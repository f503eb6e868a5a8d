import { statSync } from 'node:fs';
import { fail, finding, pass, skipped, type Check } from '../check.ts';

/** Whether the given client key can be read by other users of this machine. */
export const clientKeyFile: Check = {
  id: 'client-key-file',
  title: 'Key file is private',
  area: 'client',
  needs: 'nothing',
  run: ({ target: { keyFile } }) => {
    if (keyFile === undefined) return skipped('no --key given');
    if (process.platform === 'win32') return skipped('file modes mean nothing on this system');
    const mode = statSync(keyFile).mode & 0o777;
    const seen = `mode ${mode.toString(8).padStart(4, '0')}`;
    return (mode & 0o077) === 0
      ? pass(seen)
      : fail(seen, [finding('client-key-readable', `${keyFile}: ${seen}`)]);
  },
};
