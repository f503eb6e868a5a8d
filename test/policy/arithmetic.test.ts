import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countAddresses,
  isWorld,
  parseNetwork,
  unionWithout,
  type Network,
} from '../../lib/config/networks.ts';
import { countPorts, hasPort, parsePortRanges } from '../../lib/policy/terms/ports.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const range = fc.tuple(port, port);

describe('ports', () => {
  it('of a list of ranges are those that lie in one of them', () => {
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 6 }), port, (ranges, probe) => {
        const parsed = parsePortRanges(ranges.map(([a, b]) => `${a}-${b}`).join(',')) ?? [];
        const expected = ranges.some(([a, b]) => Math.min(a, b) <= probe && probe <= Math.max(a, b));
        expect(hasPort(parsed, probe)).toBe(expected);
      }),
    );
  });

  it('are counted as a walk over all of them counts', () => {
    const small = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(fc.array(small, { minLength: 1, maxLength: 8 }), (ranges) => {
        const parsed = parsePortRanges(ranges.map(([a, b]) => `${a}-${b}`).join(',')) ?? [];
        const walked = Array.from({ length: 301 }, (_, one) => one).filter((one) => hasPort(parsed, one));
        expect(countPorts(parsed)).toBe(walked.length);
      }),
    );
  });

  it.each(['65536', '1-70000', 'x', '-1', '1--2', '1-2-3', '11434tcp'])('are not known from %s', (text) => {
    expect(parsePortRanges(text)).toBeUndefined();
  });
});

const dotted = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
const ipv4 = fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }));

/** A network of 256 addresses' neighbourhood, small enough to walk. */
const near = fc.tuple(fc.integer({ min: 0, max: 1_023 }), fc.integer({ min: 22, max: 32 }));
const nearNetwork = ([offset, prefix]: readonly [number, number]): Network => {
  const network = parseNetwork(`10.0.${Math.floor(offset / 256)}.${offset % 256}/${prefix}`);
  if (network === undefined) throw new Error('no network');
  return network;
};
const walk = (networks: readonly Network[]): Set<number> => {
  const found = new Set<number>();
  const base = 10n << 24n;
  for (let one = 0; one < 1_024; one++) {
    const address = base + BigInt(one);
    if (networks.some(({ first, last }) => first <= address && address <= last)) found.add(one);
  }
  return found;
};

describe('networks', () => {
  it('of IPv4 have the addresses that share their prefix', () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 0, max: 2 ** 32 - 1 }), ([address, prefix], probe) => {
        const network = parseNetwork(`${dotted(address)}/${prefix}`);
        const bits = (value: number): string => value.toString(2).padStart(32, '0').slice(0, prefix);
        const isIn = network !== undefined && network.first <= BigInt(probe) && BigInt(probe) <= network.last;
        expect(isIn).toBe(bits(address) === bits(probe));
      }),
    );
  });

  it('of IPv4 are the same where they are written as IPv6', () => {
    fc.assert(
      fc.property(ipv4, ([address, prefix]) => {
        expect(parseNetwork(`::ffff:${dotted(address)}/${prefix + 96}`)).toEqual(
          parseNetwork(`${dotted(address)}/${prefix}`),
        );
      }),
    );
  });

  it('of IPv6 have the addresses that share their prefix', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        fc.integer({ min: 0, max: 95 }),
        (address, prefix) => {
          const text = address
            .toString(16)
            .padStart(32, '0')
            .replace(/.{4}(?!$)/g, '$&:');
          const network = parseNetwork(`${text}/${prefix}`);
          const size = 1n << BigInt(128 - prefix);
          expect(network).toEqual({
            family: 6,
            first: address - (address % size),
            last: address - (address % size) + size - 1n,
          });
        },
      ),
    );
  });

  it('together, without others, have the addresses that a walk finds', () => {
    const some = fc.array(near, { maxLength: 6 });
    fc.assert(
      fc.property(some, some, (networks, holes) => {
        const rest = unionWithout(networks.map(nearNetwork), holes.map(nearNetwork));
        const taken = walk(holes.map(nearNetwork));
        const expected = [...walk(networks.map(nearNetwork))].filter((one) => !taken.has(one));
        expect([...walk(rest)]).toEqual(expected);
        expect(countAddresses(rest, 4)).toBe(BigInt(expected.length));
      }),
    );
  });

  it('are the world however it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.constantFrom(4, 6), (bits, family) => {
        const pieces = Array.from({ length: 2 ** bits }, (_, one) => {
          const number = (one * 2 ** (8 - bits)).toString(family === 4 ? 10 : 16);
          return parseNetwork(
            family === 4 ? `${number}.0.0.0/${bits}` : `${number.padStart(2, '0')}00::/${bits}`,
          );
        });
        expect(isWorld(pieces.filter((piece) => piece !== undefined))).toBe(true);
      }),
    );
  });

  it.each([
    '',
    'x',
    '1.2.3',
    '1.2.3.4/33',
    '::/129',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    'fe80::1%eth0',
    '01.2.3.4',
  ])('are none: %s', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});
