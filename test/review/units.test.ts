import { describe, expect, it } from 'vitest';
import { compareUnits } from '../../lib/review/compare-units.ts';
import { unitScores, type Score } from '../../lib/review/unit-scores.ts';

const path = 'etc/systemd/system/one.service';
const unit = (...lines: string[]): ReadonlyMap<string, string> =>
  new Map([[path, ['[Service]', 'ExecStart=/bin/true', ...lines, ''].join('\n')]]);
const unscored: Score = () => Promise.resolve(undefined);

const { score, reason } = await unitScores();
if (reason !== undefined) console.warn(`units.test.ts: no unit is scored here: ${reason}`);

describe('units without scores', () => {
  it.each([
    ['a restriction is gone', ['NoNewPrivileges=yes'], [], 'mayWiden'],
    ['a restriction is another', ['ProtectSystem=strict'], ['ProtectSystem=full'], 'mayWiden'],
    ['a restriction comes', [], ['PrivateTmp=yes'], 'narrows'],
    ['a capability comes', [], ['AmbientCapabilities=CAP_SYS_ADMIN'], 'mayWiden'],
    ['a path that may be written goes', ['ReadWritePaths=/srv'], [], 'narrows'],
    ['another program runs', [], ['ExecStartPre=/bin/sh -c id'], 'mayWiden'],
    ['a description', ['Restart=no'], ['Restart=always'], 'neutral'],
  ])('%s', async (_name, before, after, mark) => {
    const found = await compareUnits(unit(...before), unit(...after), unscored);
    expect(found.map((change) => change.mark)).toEqual([mark]);
    for (const line of [...before, ...after]) expect(found[0]?.text).toContain(`Service.${line}`);
  });

  it('says nothing of comments and order', async () => {
    const [before, after] = [
      unit('# one', 'UMask=0077', 'RemoveIPC=yes'),
      unit('RemoveIPC=yes', 'UMask=0077'),
    ];
    expect(await compareUnits(before, after, unscored)).toEqual([]);
  });

  it('names a unit that comes or goes', async () => {
    expect(await compareUnits(new Map(), unit(), unscored)).toHaveLength(1);
    expect((await compareUnits(unit(), new Map(), unscored))[0]?.text).toMatch(/`one\.service` is removed/);
  });
});

describe.skipIf(reason !== undefined)('units with the scores of systemd-analyze', () => {
  it.each([
    ['loosened', ['PrivateDevices=yes', 'NoNewPrivileges=yes'], [], 'widens'],
    ['tightened', [], ['PrivateDevices=yes', 'NoNewPrivileges=yes'], 'narrows'],
    ['another path, of which the score sees nothing', [], ['ReadWritePaths=/srv'], 'mayWiden'],
  ])('%s', async (_name, before, after, mark) => {
    const found = await compareUnits(unit(...before), unit(...after), score);
    expect(found.map((change) => change.mark)).toEqual([mark]);
    expect(found[0]?.text).toMatch(/exposure \d\.\d → \d\.\d/);
  });
});
