import { arch, cpus, loadavg, release, type } from 'node:os';
import type { Circumstances } from '../results.ts';
import { findHaproxy } from '../servers/haproxy-program.ts';
import type { Site } from '../servers/site.ts';

export async function readCircumstances(site: Site): Promise<Circumstances> {
  const all = cpus();
  const { nginxVersion, openSslVersion } = site.nginx.platform;
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    processor: all[0]?.model ?? 'unknown',
    processors: all.length,
    system: `${type()} ${release()} ${arch()}`,
    loadAverage: loadavg()[0] ?? 0,
    versions: {
      nginx: nginxVersion.join('.'),
      OpenSSL: openSslVersion.join('.'),
      HAProxy: (await findHaproxy())?.version ?? 'not installed',
      Node: process.versions.node,
    },
  };
}
