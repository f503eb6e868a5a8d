import { describe, expect, it } from 'vitest';
import { isWithin, ownAddressTowards } from '../../lib/deploy/own-address.ts';

describe('the address on the way to another', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
  ])('to %s is loopback', async (address, own) => {
    expect(await ownAddressTowards(address)).toBe(own);
  });

  it('to a name that does not resolve is not known', async () => {
    expect(await ownAddressTowards('no-such-host.invalid')).toBeUndefined();
  });
});

describe('an address is within networks', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.0/24'], true],
    ['192.0.3.7', ['192.0.2.0/24'], false],
    ['192.0.2.7', [], false],
    ['192.0.2.7', ['::/0'], false],
    ['192.0.2.7', ['198.51.100.1/32', '0.0.0.0/0'], true],
    ['2001:db8::7', ['2001:db8::/32'], true],
    ['2001:db9::7', ['2001:db8::/32'], false],
  ])('%s in %j: %j', (address, networks, within) => {
    expect(isWithin(address, networks)).toBe(within);
  });
});
