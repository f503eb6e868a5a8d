import type { StackConfig } from '../config/schema.ts';

/** The programs that the files are written for. Versions are `[major, minor, patch]`. */
export interface Platform {
  readonly nginxVersion: Version;
  readonly openSslVersion: Version;
}

export type Version = readonly [major: number, minor: number, patch: number];

export type Distribution = StackConfig['target']['distribution'];

/** What each supported distribution ships (packages.debian.org, packages.ubuntu.com, read 2026-11-24). */
export const distributionPlatforms: Readonly<Record<Distribution, Platform>> = {
  'debian-12': { nginxVersion: [1, 22, 1], openSslVersion: [3, 0, 0] },
  'debian-13': { nginxVersion: [1, 26, 3], openSslVersion: [3, 5, 0] },
  'ubuntu-24.04': { nginxVersion: [1, 24, 0], openSslVersion: [3, 0, 13] },
};

/** Whether HTTP/2 has a directive of its own: `http2 on` came with 1.25.1, which deprecated the parameter of `listen`. */
export function hasHttp2Directive({ nginxVersion }: Platform): boolean {
  return isAtLeast(nginxVersion, [1, 25, 1]);
}

/**
 * The key-exchange groups in the server's order. X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem), which a recording of
 * today's traffic does not yield to a later quantum computer, is first where OpenSSL has it: from 3.5. An unknown
 * group name would keep nginx from starting.
 */
export function keyExchangeGroups({ openSslVersion }: Platform): readonly string[] {
  const classical = ['X25519', 'prime256v1'];
  return isAtLeast(openSslVersion, [3, 5, 0]) ? ['X25519MLKEM768', ...classical] : classical;
}

function isAtLeast(version: Version, floor: Version): boolean {
  for (const [index, part] of floor.entries()) {
    const difference = (version[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
