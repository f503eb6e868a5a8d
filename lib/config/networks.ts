import { isIP } from 'node:net';

/** Addresses from `first` to `last`, both included, as numbers. */
export interface Network {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const bitsOf = { 4: 32, 6: 128 } as const;
/** ::ffff:0:0/96, IPv4 written as IPv6 (RFC 4291, 2.5.5.2). */
const mapped = 0xffffn << 32n;

/**
 * Reads an address or a network; bits beyond the prefix are taken for zero, as firewalls do. IPv4 that is written as
 * IPv6 is IPv4.
 *
 * @returns undefined for what is none
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefixText, ...more] = text.trim().split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || more.length > 0 || address.includes('%')) return undefined;
  const bits = bitsOf[family];
  const prefix = prefixText === undefined ? bits : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : -1;
  if (prefix < 0 || prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const number = addressNumber(address);
  const first = number - (number % size);
  if (family === 6 && prefix >= 96 && first >> 32n === 0xffffn) {
    return { family: 4, first: first - mapped, last: first - mapped + size - 1n };
  }
  return { family, first, last: first + size - 1n };
}

/** An IP address, which it must be, as a number. */
export function addressNumber(address: string): bigint {
  if (isIP(address) === 4) {
    return address.split('.').reduce((sum, part) => sum * 256n + BigInt(Number(part)), 0n);
  }
  // The URL parser writes every form in one way: lower case, no dots, the longest zeros as ::.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined): string[] => (part ?? '').split(':').filter(Boolean);
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)].reduce(
    (sum, group) => sum * 65_536n + BigInt(Number.parseInt(group, 16)),
    0n,
  );
}

/** The addresses of networks without those of `other`, as networks that do not overlap, in order. */
export function unionWithout(networks: readonly Network[], other: readonly Network[]): Network[] {
  return union(networks).flatMap((network) =>
    union(other).reduce<Network[]>((rest, hole) => rest.flatMap((part) => cut(part, hole)), [network]),
  );
}

function union(networks: readonly Network[]): Network[] {
  const merged: Network[] = [];
  const inOrder = [...networks].sort((a, b) =>
    a.family !== b.family ? a.family - b.family : a.first < b.first ? -1 : a.first > b.first ? 1 : 0,
  );
  for (const network of inOrder) {
    const previous = merged.at(-1);
    if (previous?.family === network.family && network.first <= previous.last + 1n) {
      merged[merged.length - 1] = {
        ...previous,
        last: previous.last > network.last ? previous.last : network.last,
      };
    } else merged.push(network);
  }
  return merged;
}

function cut(part: Network, hole: Network): Network[] {
  if (part.family !== hole.family || hole.last < part.first || hole.first > part.last) return [part];
  return [
    { ...part, last: hole.first - 1n },
    { ...part, first: hole.last + 1n },
  ].filter(({ first, last }) => first <= last);
}

/** How many different addresses of a family networks have. */
export function countAddresses(networks: readonly Network[], family: 4 | 6): bigint {
  return union(networks)
    .filter((network) => network.family === family)
    .reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

const networksOf = (texts: readonly string[]): Network[] =>
  texts.map((text) => parseNetwork(text)).filter((network) => network !== undefined);

/** No packet from elsewhere has such a source (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3). */
export const loopbackNetworks = networksOf(['127.0.0.0/8', '::1/128']);

/** Not routed between networks of different owners (RFC 1918, 6598, 3927, 4193, 4291). */
export const privateNetworks = networksOf([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
]);

/**
 * More addresses than this of a family is the world: a /8 of IPv4, the largest block that was ever given to one owner,
 * and a /16 of IPv6, more than any one has (IANA's registries of address space). Halves of the Internet count as one.
 */
const worldSize = { 4: 1n << 24n, 6: 1n << 112n } as const;

/** Whether networks together are the world, or most of it: private addresses are not counted. */
export function isWorld(networks: readonly Network[]): boolean {
  const foreign = unionWithout(networks, privateNetworks);
  return countAddresses(foreign, 4) > worldSize[4] || countAddresses(foreign, 6) > worldSize[6];
}
