import { describe, expect, it } from 'vitest';
import { optionsTable } from '../../scripts/documentation/options-table.ts';
import type { Mark } from '../../lib/review/change.ts';
import { comparedElsewhere, settings, type SettingValue } from '../../lib/review/settings.ts';

/** Every field of a stack by its path; of a record or a list the field itself. */
const fields = [...optionsTable().matchAll(/^\| `stacks\.NAME\.([^`]+)`/gm)].map(([, path = '']) => path);
const isLeaf = (path: string): boolean => !fields.some((other) => other.startsWith(`${path}.`));
const isWithin = (path: string): boolean =>
  comparedElsewhere.some((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[]`));

describe('the table of settings', () => {
  it('has every field of a stack that nothing else compares, and no other', () => {
    expect(fields.length).toBeGreaterThan(80);
    const wanted = fields.filter((path) => isLeaf(path) && !isWithin(path) && !path.includes('[]'));
    expect(Object.keys(settings).sort()).toEqual(wanted.sort());
  });

  it('names nothing that is no field', () => {
    expect(comparedElsewhere.filter((path) => !fields.includes(path))).toEqual([]);
  });
});

const judged = (field: string, was: SettingValue, is: SettingValue): Mark | undefined =>
  settings[field]?.judge(was, is);

describe('the address that nginx listens on', () => {
  it.each<[was: string, is: string, mark: Mark]>([
    ['10.0.0.5', '0.0.0.0', 'widens'],
    ['10.0.0.5', '::', 'widens'],
    ['10.0.0.5', '::0', 'widens'],
    ['10.0.0.5', '0:0:0:0:0:0:0:0', 'widens'],
    ['203.0.113.9', '::0.0.0.0', 'widens'],
    ['0.0.0.0', '::', 'widens'],
    ['::', '0.0.0.0', 'widens'],
    ['::', '::0', 'neutral'],
    ['2001:db8::1', '2001:DB8:0::1', 'neutral'],
    ['10.0.0.5', '203.0.113.9', 'widens'],
    ['fd00::5', '2001:db8::9', 'widens'],
    ['127.0.0.1', '203.0.113.9', 'widens'],
    ['127.0.0.1', '10.0.0.5', 'widens'],
    ['::1', '::ffff:10.0.0.5', 'widens'],
    ['127.0.0.1', '0.0.0.0', 'widens'],
    ['10.0.0.5', '10.1.0.5', 'mayWiden'],
    ['203.0.113.9', '203.0.113.10', 'mayWiden'],
    ['203.0.113.9', '10.0.0.5', 'mayWiden'],
    ['0.0.0.0', '2001:db8::9', 'mayWiden'],
    ['0.0.0.0', '203.0.113.9', 'narrows'],
    ['::', 'fd00::5', 'narrows'],
    ['10.0.0.5', '127.0.0.1', 'narrows'],
    ['0.0.0.0', '::1', 'narrows'],
    ['127.0.0.1', '::1', 'neutral'],
    ['::1', '0:0:0:0:0:0:0:1', 'neutral'],
  ])('%s, then %s: %s', (was, is, mark) => expect(judged('gateway.listenAddress', was, is)).toBe(mark));
});

describe('what a name alone does not tell', () => {
  it.each<[field: string, was: SettingValue, is: SettingValue, mark: Mark]>([
    ['terraformState.spaces.bucket', undefined, 'states', 'mayWiden'],
    ['terraformState.spaces.bucket', 'states', 'other', 'widens'],
    ['terraformState.spaces.bucket', 'states', undefined, 'widens'],
    ['terraformState.spaces.region', 'ams3', 'sfo3', 'mayWiden'],
    ['terraformState.spaces.region', undefined, 'sfo3', 'mayWiden'],
    ['ssh.adminUser', 'hardening-admin', 'www-data', 'mayWiden'],
    ['target.digitalocean.alertEmails', ['ops@example.com'], [], 'neutral'],
    ['log.rotateCount', 30, 1, 'neutral'],
    ['log.maxSizeMiB', 100, 1, 'neutral'],
  ])('%s: %j, then %j: %s', (field, was, is, mark) => expect(judged(field, was, is)).toBe(mark));
});
