import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { reasonNotToBoot, reasonToSkip } from './support/availability.ts';
import { script } from './support/contained.ts';
import { debianRoot, rootTimeoutMs } from './support/root-cache.ts';

const reasons = { enter: reasonToSkip(), boot: reasonNotToBoot() };
for (const [how, reason] of Object.entries(reasons)) {
  if (reason !== undefined) console.warn(`machine.test.ts: no machine to ${how} here: it ${reason}`);
}

/** Folders of control groups that machines are in, of any hierarchy. */
function machineGroups(): string[] {
  return readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(?:^|\/)rhk-[^/]+$/.test(path),
  );
}

describe.each(['enter', 'boot'] as const)('a machine to %s', (how) => {
  test.skipIf(reasons[how] !== undefined)(
    'leaves nothing behind when its test is killed',
    async () => {
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
