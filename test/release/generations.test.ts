import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import type { ReleaseOptions } from './support/release.ts';
import { activate, bringClient, call, releaseCommand } from './support/target.ts';

const reason = reasonToSkip('generations.test.ts');
/** A test has up to six activations, each of which may take ten seconds on a busy machine. */
const testTimeoutMs = 180_000;
const state = (list: string): string => `/var/lib/hardening/state/${list}`;

describe.skipIf(reason !== undefined).each(distributions)(
  'generations of a service on %s',
  { timeout: testTimeoutMs },
  (distribution) => {
    let target: Target;

    beforeAll(async () => {
      target = await bootTarget(distribution);
      const { machine, maker } = target;
      for (const generation of [1, 2, 3, 4, 5]) {
        await bringClient(
          machine,
          `leaver-${generation}`,
          await maker.client('leaver', generation),
          await maker.ca(),
        );
      }
    }, rootTimeoutMs);
    afterAll(async () => target.stop());

    /** Puts a release with this leaver in force; returns the notes that it gives. */
    const apply = async (leaver: object | undefined, more: ReleaseOptions = {}): Promise<string[]> => {
      const services = { ci: {}, ...(leaver === undefined ? {} : { leaver }) };
      const { status, stdout, stderr } = await activate(
        target.machine,
        await target.maker.make({ services, ...more }),
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout.split('\n').filter((line) => line.includes('is in this release'));
    };
    /** The generations of leaver that are let in. */
    const letIn = async (): Promise<number[]> => {
      const found = [];
      for (const generation of [1, 2, 3, 4, 5]) {
        if ((await call(target.machine, `leaver-${generation}`)) === 200) found.push(generation);
      }
      return found;
    };
    const note = (generation: number, way: string): string =>
      `hardening: NOTE: leaver with generation ${generation} is in this release and stays refused, it was revoked before: ${way}`;

    test('are both let in while one takes over, and the earlier one is dropped by a second change', async () => {
      expect(await apply({})).toEqual([]);
      expect(await letIn()).toEqual([1]);
      expect(await apply({ generation: 2, overlap: true })).toEqual([]);
      expect(await letIn()).toEqual([1, 2]);
      expect(await target.machine.output(['cat', state('minimum-generations')])).toBe('ci 1\nleaver 1\n');
      expect(await target.machine.output(['cat', state('highest-generations')])).toBe('ci 1\nleaver 2\n');
      // Back to the first one alone: nothing was revoked so far.
      expect((await target.machine.run(releaseCommand('rollback'))).status).toBe(0);
      expect(await letIn()).toEqual([1]);
      expect(await apply({ generation: 2, overlap: true })).toEqual([]);
    });

    test('of one that left in an overlap stay refused, both of them; the note names the next one', async () => {
      expect(await apply(undefined)).toEqual([]);
      expect(await letIn()).toEqual([]);
      expect(await apply({ generation: 2 })).toEqual([note(2, 'raise its generation to 3')]);
      expect(await letIn()).toEqual([]);
      expect(await apply({ generation: 2, overlap: true })).toEqual([
        note(1, 'raise its generation to 3'),
        note(2, 'raise its generation to 3'),
      ]);
      expect(await letIn()).toEqual([]);
      expect(await apply({ generation: 3, overlap: true })).toEqual([note(2, 'its generation 3 is let in')]);
      expect(await letIn()).toEqual([3]);
    });

    test('that a record revokes stay refused when the record is gone', async () => {
      const revoked = [
        { service: 'leaver', generation: 4, date: '2026-11-25', reason: 'Its key was in a log.' },
      ];
      expect(await apply({ generation: 4 })).toEqual([]);
      expect(await letIn()).toEqual([4]);
      expect(await apply({ generation: 4 }, { revoked })).toEqual([note(4, 'raise its generation to 5')]);
      expect(await letIn()).toEqual([]);
      expect(await apply({ generation: 4 })).toEqual([note(4, 'raise its generation to 5')]);
      // An earlier one than those that were ever let in is no way back either.
      expect(await apply({ generation: 1 })).toEqual([note(1, 'raise its generation to 5')]);
      expect(await apply({ generation: 5 })).toEqual([]);
      expect(await letIn()).toEqual([5]);
    });

    test('no rollback brings back, to whichever release', async () => {
      const list = (await target.machine.output(releaseCommand('list'))).trim().split('\n');
      for (const line of list.slice(1)) {
        const [hash = ''] = line.split(' ');
        const { status, stdout } = await target.machine.run(releaseCommand('rollback', hash));
        expect({ status, stdout }).toEqual({
          status: 0,
          stdout: expect.stringContaining('stays refused') as string,
        });
        expect(await letIn()).toEqual([]);
      }
    });

    test('of a name that is revoked for good are refused for ever: another name is what helps', async () => {
      const revoked = [
        { service: 'leaver', generation: undefined, date: '2026-11-25', reason: 'Its host was sold.' },
      ];
      expect(await apply({ generation: 5 }, { revoked })).toEqual([
        note(5, 'the name is revoked for good, give the service another one'),
      ]);
      expect(await letIn()).toEqual([]);
    });

    test('that an earlier kit wrote down are read: it knew one generation of each', async () => {
      const { machine } = target;
      await machine.output(['rm', state('highest-generations')]);
      await machine.write(state('minimum-generations'), 'ci 1\nold 7\n', 0o600);
      await apply({ generation: 5 });
      expect(await machine.output(['cat', state('revoked')])).toContain('old 7\n');
    });
  },
);
