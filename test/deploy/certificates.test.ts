import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { certificateStates, type CertificateRow } from '../../lib/deploy/certificates.ts';
import { resolveInfrastructure } from '../../lib/model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { hostStack } from '../constructs/support/deployed-stacks.ts';

const stack = parseConfig({ stacks: { box: hostStack } }, 'test').stacks['box'];
if (stack === undefined) throw new Error('the stack is gone');
const plan = resolveInfrastructure(resolve('box', stack), stack).certificates;
const now = new Date('2026-11-25T12:00:00Z');

const row = (change: Partial<CertificateRow>): CertificateRow => ({
  kind: 'client',
  name: 'ci',
  generation: 1,
  is_previous: false,
  authority: '1',
  serial: '255',
  not_after: '2027-02-23T12:00:00Z',
  ...change,
});
const states = (rows: unknown, withinDays?: number) =>
  certificateStates(rows, { stack: 'box', plan, now, withinDays });

describe('the certificates of a stack', () => {
  it('are listed with serial number and end, as openssl prints them', () => {
    expect(states([row({})])).toEqual([
      {
        kind: 'client',
        name: 'ci',
        generation: 1,
        isPrevious: false,
        authority: '1',
        serial: 'FF',
        notAfter: '2027-02-23T12:00:00.000Z',
        endsInDays: 90,
        state: 'valid',
      },
    ]);
  });

  it.each([
    ['2026-12-25T12:00:00Z', 30, 'valid'],
    ['2026-12-25T11:59:59Z', 29, 'ends-soon'],
    ['2026-12-25T13:59:59+02:00', 29, 'ends-soon'],
    ['2026-11-25T12:00:00Z', 0, 'ends-soon'],
    ['2026-11-25T11:59:59Z', -1, 'ended'],
  ])('that end at %s end in %d days: %s', (not_after, endsInDays, state) => {
    expect(states([row({ not_after })])[0]).toMatchObject({ endsInDays, state });
  });

  it('are announced when the user says', () => {
    expect(states([row({})], 90)[0]?.state).toBe('valid');
    expect(states([row({})], 91)[0]?.state).toBe('ends-soon');
  });

  it('of a CA are announced before what it issues today would be cut short', () => {
    // The longest certificate of the stack lives for 90 days.
    const ca = (not_after: string) => states([row({ kind: 'ca', name: '1', not_after })])[0]?.state;
    expect(ca('2027-03-25T12:00:00Z')).toBe('valid');
    expect(ca('2027-03-25T11:59:59Z')).toBe('ends-soon');
  });

  it.each([[{}], ['text'], [[{}]], [[row({ serial: '0x1' })]], [[row({ not_after: 'soon' })]]])(
    'of another version of the kit are refused: %j',
    (output) => {
      expect(() => states(output)).toThrow('terraform knows of no deployment of box');
    },
  );
});
