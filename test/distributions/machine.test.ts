import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { reasonToSkip } from './support/availability.ts';
import { script } from './support/contained.ts';
import { debianRoot, rootTimeoutMs } from './support/root-cache.ts';

const reason = reasonToSkip();
if (reason !== undefined) console.warn(`machine.test.ts: machines cannot be made here: it ${reason}`);

/** Folders of control groups that machines are in, of any hierarchy. */
function machineGroups(): string[] {
  return readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(?:^|\/)rhk-[^/]+$/.test(path),
  );
}

describe.skipIf(reason !== undefined)('a machine of a test that was killed', () => {
  test.each(['enter', 'boot'])(
    'leaves nothing behind (%s)',
    async (how) => {
      if (how === 'boot' && findProgram('systemd-nspawn') === undefined) {
        console.warn('machine.test.ts: systemd-nspawn is not installed: nothing is booted');
        return;
      }
      const root = await debianRoot('trixie');
      const folder = await temporaryFolder();
      const before = machineGroups();
      const child = spawn(process.execPath, ['--import', 'tsx', script('hold-machine.ts'), how, root], {
        env: { ...process.env, TMPDIR: folder.path },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const [path] = (await once(createInterface(child.stdout), 'line')) as [string];
        const pid = path.split('/')[2] ?? '';
        const namespace = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
        expect(namespace).toContain('overlay');
        const groups = machineGroups().filter((group) => !before.includes(group));
        expect(groups.length > 0).toBe(how === 'boot');

        child.kill('SIGKILL');
        await untilHolds(() => !existsSync(`/proc/${pid}`), 'the end of the processes');
        await untilHolds(
          () => groups.every((group) => !existsSync(`/sys/fs/cgroup/${group}`)),
          'the groups to go',
        );
        expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder.path);
        // Only the folder that was mounted over, which is empty.
        const left = readdirSync(folder.path).filter((name) => name.startsWith('rhk-'));
        expect(left).toHaveLength(1);
        expect(readdirSync(`${folder.path}/${left[0] ?? ''}`)).toEqual([]);
      } finally {
        child.kill('SIGKILL');
        await folder.remove();
      }
    },
    rootTimeoutMs,
  );
});
