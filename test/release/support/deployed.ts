import type { Distribution } from '../../../lib/model/platform.ts';
import { reasonNotToBoot } from '../../distributions/support/availability.ts';
import { bootRoot, type BootedMachine } from '../../distributions/support/machine.ts';
import { debianRoot, debianSuites } from '../../distributions/support/root-cache.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { releaseMaker, type ReleaseMaker } from './release.ts';
import { bringClient } from './target.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** The distributions that have a root here. */
export const distributions = ['debian-12', 'debian-13'] as const satisfies readonly Distribution[];

/** Why no release can be put in force on this machine; undefined where it can. Said once for each file of tests. */
export function reasonToSkip(file: string): string | undefined {
  const reason = reasonNotToBoot();
  if (reason !== undefined) console.warn(`${file}: no release is put in force here: it ${reason}`);
  return reason;
}

/** A booted machine without a release, a stand-in for Ollama in its network, and the clients ci and leaver. */
export interface Target {
  readonly machine: BootedMachine;
  readonly maker: ReleaseMaker;
  upstream: Upstream;
  stop(): Promise<void>;
}

export async function bootTarget(distribution: (typeof distributions)[number]): Promise<Target> {
  const folder = await temporaryFolder();
  const machine = await bootRoot(await debianRoot(debianSuites[distribution]));
  const maker = releaseMaker(distribution, folder.path);
  for (const name of ['ci', 'leaver'])
    await bringClient(machine, name, await maker.client(name), await maker.ca());
  const target: Target = {
    machine,
    maker,
    upstream: await startUpstream(machine),
    stop: async () => {
      await target.upstream.stop();
      await machine.stop();
      await folder.remove();
    },
  };
  return target;
}
