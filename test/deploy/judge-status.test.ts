import { describe, expect, it } from 'vitest';
import { judgeStatus } from '../../lib/deploy/judge-status.ts';
import type { MachineStatus } from '../../lib/deploy/machine-status.ts';

const release = 'a'.repeat(64);
const well: MachineStatus = {
  release,
  previous: '',
  health: '',
  last_release: release,
  last_started: '2026-01-01T00:00:00Z',
  last_ended: '2026-01-01T00:00:02Z',
  last_outcome: 'activated',
  last_reason: '',
  drift: [],
  refused: [],
};

describe('the status of a machine', () => {
  it('is well with the wanted release, unchanged and healthy', () => {
    expect(judgeStatus(well, release)).toEqual([]);
    expect(judgeStatus({ ...well, last_outcome: 'unchanged' }, release)).toEqual([]);
  });

  it.each<[string, Partial<MachineStatus>, RegExp]>([
    ['no release', { release: '' }, /no release is in force: apply/],
    [
      'another release',
      { release: 'b'.repeat(64) },
      /bbbbbbbbbbbb is in force, .* wanted aaaaaaaaaaaa: apply again/,
    ],
    ['an activation that did not end', { interrupted: release }, /did not end: apply again/],
    ['a failed health check', { health: '502 to the own identity' }, /not healthy: 502 to the own identity/],
    ['changed files', { drift: ['/etc/a', '/etc/b'] }, /changed on the machine: \/etc\/a, \/etc\/b/],
    ['a revoked identity in the release', { refused: ['ci 1'] }, /ci 1: raise their generation/],
    ['a failed activation', { last_outcome: 'failed', last_reason: 'no disk' }, /ended 'failed': no disk/],
    ['a rollback', { last_outcome: 'rolled-back' }, /ended 'rolled-back'/],
    ['a release that waits for a login', { last_outcome: 'unconfirmed' }, /ended 'unconfirmed'/],
  ])('needs attention with %s', (_what, change, finding) => {
    const findings = judgeStatus({ ...well, ...change }, release);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(finding);
  });
});
