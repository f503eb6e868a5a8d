import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Deployment } from '../../lib/model/deployment.ts';
import { startBenchGateway, stackOf, type Variation } from '../servers/gateway.ts';
import { childrenOf } from '../servers/program.ts';
import type { Site } from '../servers/site.ts';
import { summarise, type Summary } from '../statistics.ts';

export type MapHash = Deployment['gateway']['mapHash'];

/** What a number of identities costs nginx at a reload, and in memory. */
export interface ReloadResult {
  readonly identities: number;
  readonly mapHash: MapHash;
  /** From SIGHUP until no worker of the earlier configuration accepts connections any more. */
  readonly reloadMs: Summary;
  /** `nginx -t`, which the unit runs before every reload. */
  readonly testMs: Summary;
  /** Resident memory of one worker and of the master, of which the worker shares what it has not changed. */
  readonly workerMiB: number;
  readonly masterMiB: number;
}

/**
 * @param mapHash instead of the sizes that the model chooses
 * @param folder names the gateway's folder, where another measurement has the same number of identities
 */
export async function measureReload(
  site: Site,
  identities: number,
  upstream: number,
  times: number,
  mapHash?: MapHash,
  folder = 'reload',
): Promise<ReloadResult> {
  let used: MapHash | undefined;
  const variation: Variation = {
    deployment: (deployment) => {
      used = mapHash ?? deployment.gateway.mapHash;
      return { ...deployment, gateway: { ...deployment.gateway, mapHash: used } };
    },
  };
  const name = `${folder}-${identities}${mapHash ? `-${mapHash.maxSize}-${mapHash.bucketSizeBytes}` : ''}`;
  const gateway = await startBenchGateway(site, name, stackOf(identities), upstream, variation);
  const reloads: number[] = [];
  const tests: number[] = [];
  try {
    for (let time = 0; time < times; time++) {
      const testStart = performance.now();
      await promisify(execFile)(site.nginx.path, [
        '-t',
        '-q',
        '-e',
        'stderr',
        '-c',
        gateway.configurationFile,
      ]);
      tests.push(performance.now() - testStart);
      const before = acceptingWorkers(gateway.pid);
      const start = performance.now();
      gateway.signal('SIGHUP');
      await until(() => {
        const now = acceptingWorkers(gateway.pid);
        return now.length > 0 && !now.some((pid) => before.includes(pid));
      });
      reloads.push(performance.now() - start);
    }
    const worker = acceptingWorkers(gateway.pid)[0] ?? gateway.pid;
    return {
      identities,
      mapHash: used ?? { maxSize: 0, bucketSizeBytes: 0 },
      reloadMs: summarise(reloads),
      testMs: summarise(tests),
      workerMiB: residentMiB(worker),
      masterMiB: residentMiB(gateway.pid),
    };
  } finally {
    await gateway.stop();
  }
}

/** nginx's workers that still accept connections: one that retires says so in its title. */
function acceptingWorkers(master: number): number[] {
  return childrenOf(master).filter((pid) => {
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return title.includes('worker process') && !title.includes('shutting down');
    } catch {
      return false; // It ended meanwhile.
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error('nginx did not take the new configuration in ten seconds');
    await sleep(1);
  }
}

function residentMiB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1_024;
}
