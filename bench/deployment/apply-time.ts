import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { bootDeployable, deploymentTo, type Deployment } from '../../test/machine/support/deployment.ts';
import type { Host } from '../../test/machine/support/host.ts';
import { terraformTools } from '../../test/machine/support/terraform-tools.ts';
import { summarise, type Summary } from '../statistics.ts';

interface ApplyTime {
  readonly whole: Summary;
  readonly provisioning: Summary;
  readonly activation: Summary;
}

export interface ApplyTimes {
  readonly changed: ApplyTime;
  readonly same: ApplyTime;
  readonly nothing: Summary;
}

interface Sample {
  readonly whole: number;
  /** From terraform's first provisioner to the end of its last. */
  readonly provisioning: number;
  /** From the start of the program on the machine to its last line. */
  readonly activation: number;
}

/**
 * Deploys to a booted Debian 13, over SSH from another network namespace, and deploys again: with a changed limit, with
 * the same release, with nothing to do.
 */
export async function measureApplies(repeats: number, progress: (what: string) => void): Promise<ApplyTimes> {
  const tools = await terraformTools();
  progress('the first deployment');
  const host = await bootDeployable('trixie');
  try {
    const deployment = await deploymentTo(host, tools);
    try {
      await deployment.configure();
      await deployment.deploy();
      const changed: Sample[] = [];
      const same: Sample[] = [];
      const nothing: number[] = [];
      for (let round = 1; round <= repeats; round++) {
        progress(`deployments, round ${round} of ${repeats}`);
        await deployment.configure({ limits: { perAddress: { requestsPerSecond: 10 + round } } });
        changed.push(await timed(host, deployment, ['deploy', '--auto-approve']));
        const { stdout } = await deployment.terraform('state', 'list');
        const release = /^terraform_data\..*_release_.*$/m.exec(stdout)?.[0] ?? '';
        await deployment.terraform('taint', release);
        same.push(await timed(host, deployment, ['deploy', '--auto-approve']));
        nothing.push((await timed(host, deployment, ['deploy', '--auto-approve'])).whole);
      }
      return { changed: summary(changed), same: summary(same), nothing: summarise(nothing) };
    } finally {
      await deployment.remove();
    }
  } finally {
    await host.stop();
  }
}

const summary = (samples: readonly Sample[]): ApplyTime => ({
  whole: summarise(samples.map(({ whole }) => whole)),
  provisioning: summarise(samples.map(({ provisioning }) => provisioning)),
  activation: summarise(samples.map(({ activation }) => activation)),
});

async function timed(host: Host, deployment: Deployment, parameters: readonly string[]): Promise<Sample> {
  const { command, environment } = deployment.commandLine(parameters);
  const [program = '', ...rest] = host.machine.fromOutside(command);
  const start = performance.now();
  const child = spawn(program, rest, {
    cwd: deployment.folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const at: Record<'provisioning' | 'first' | 'last', number> = {
    provisioning: start,
    first: start,
    last: start,
  };
  let said = '';
  createInterface(child.stdout).on('line', (line) => {
    said += `${line}\n`;
    if (line.includes('Provisioning with') && at.provisioning === start) at.provisioning = performance.now();
    if (!line.includes('hardening: ')) return;
    if (at.first === start) at.first = performance.now();
    at.last = performance.now();
  });
  child.stderr.resume();
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`a deployment failed: ${said}`);
  const second = (from: number, to: number): number => (to - from) / 1_000;
  return {
    whole: second(start, performance.now()),
    provisioning: second(at.provisioning, at.last),
    activation: second(at.first, at.last),
  };
}
