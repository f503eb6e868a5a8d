import { spawn, spawnSync } from 'node:child_process';
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

/** Folders of control groups that the machines of a process are in, of any hierarchy. */
function machineGroups(pid: number | undefined): string[] {
  // find goes on where a group of another test goes while it looks.
  const { stdout } = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `rhk-${pid ?? 0}-*`], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean);
}

describe.each(['enter', 'boot'] as const)('a machine to %s', (how) => {
  test.skipIf(reasons[how] !== undefined)(
    'leaves nothing behind when its test is killed',
    async () => {
      const root = await debianRoot('trixie');
      const folder = await temporaryFolder();
      const child = spawn(process.execPath, ['--import', 'tsx', script('hold-machine.ts'), how, root], {
        env: { ...process.env, TMPDIR: folder.path },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const [path] = (await once(createInterface(child.stdout), 'line')) as [string];
        const pid = path.split('/')[2] ?? '';
        const namespace = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
        expect(namespace).toContain('overlay');
        expect(machineGroups(child.pid).length > 0).toBe(how === 'boot');

        child.kill('SIGKILL');
        await untilHolds(() => !existsSync(`/proc/${pid}`), 'the end of the processes');
        await untilHolds(() => machineGroups(child.pid).length === 0, 'the groups to go');
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
