import type { Distribution } from '../platform.ts';

/** The pool that Debian's systemd-timesyncd was built with (its debian/rules). */
const debianPool = [0, 1, 2, 3].map((number) => `${number}.debian.pool.ntp.org`);

/**
 * The servers that systemd-timesyncd asks where it is told of no other, as each distribution builds it. The public pool
 * has names for each vendor, and wants no product to use the plain ones (pool.ntp.org/vendors).
 */
export const timeServers: Readonly<Record<Distribution, readonly string[]>> = {
  'debian-12': debianPool,
  'debian-13': debianPool,
  'ubuntu-24.04': ['ntp.ubuntu.com'],
};
