import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import {
  bootDeployable,
  deploymentTo,
  statusFromOutside,
  type Deployment,
} from '../../test/machine/support/deployment.ts';
import type { Host } from '../../test/machine/support/host.ts';
import { terraformTools } from '../../test/machine/support/terraform-tools.ts';
import { summarise, type Summary } from '../statistics.ts';

interface ApplyTime {
  readonly whole: Summary;
  readonly provisioning: Summary;
  readonly activation: Summary;
}

/** A service that is taken out of the configuration, and asks all the time. */
interface RevocationTime {
  /** From the start of the command to the first 401. */
  readonly whole: Summary;
  /** From the machine's word that it puts the list of the refused in force to the first 401. */
  readonly fromReload: Summary;
}

export interface ApplyTimes {
  readonly changed: ApplyTime;
  readonly same: ApplyTime;
  readonly revocation: RevocationTime;
  readonly nothing: Summary;
}

interface Sample {
  readonly whole: number;
  /** From terraform's first provisioner to the end of its last. */
  readonly provisioning: number;
  /** From the start of the program on the machine to its last line. */
  readonly activation: number;
  /** When the machine said that it puts the list of the refused in force, by the clock of `performance`. */
  readonly reloads: number;
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
      const revocation = await measureRevocations(host, deployment, repeats, progress);
      return { changed: summary(changed), same: summary(same), revocation, nothing: summarise(nothing) };
    } finally {
      await deployment.remove();
    }
  } finally {
    await host.stop();
  }
}

async function measureRevocations(
  host: Host,
  deployment: Deployment,
  repeats: number,
  progress: (what: string) => void,
): Promise<RevocationTime> {
  const whole: number[] = [];
  const fromReload: number[] = [];
  for (let round = 1; round <= repeats; round++) {
    progress(`revocations, round ${round} of ${repeats}`);
    const leaving = `leaving-${round}`;
    await deployment.configure({ services: { ci: {}, [leaving]: {} } });
    await deployment.deploy();
    const client = await deployment.client(leaving);
    await deployment.configure({ services: { ci: {} } });
    const start = performance.now();
    const [refusedAt, { reloads }] = await Promise.all([
      firstRefusal(host, client),
      timed(host, deployment, ['deploy', '--auto-approve']),
    ]);
    whole.push((refusedAt - start) / 1_000);
    fromReload.push((refusedAt - reloads) / 1_000);
  }
  return { whole: summarise(whole), fromReload: summarise(fromReload) };
}

/** Asks again and again; the time when the first 401 was there. */
async function firstRefusal(host: Host, client: Awaited<ReturnType<Deployment['client']>>): Promise<number> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if ((await statusFromOutside(host, client)) === 401) return performance.now();
  }
  throw new Error('a service that left was served for a minute');
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
  const at: Record<'provisioning' | 'first' | 'reloads' | 'last', number> = {
    provisioning: start,
    reloads: start,
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
    if (line.includes('puts the list of the refused') && at.reloads === start) at.reloads = at.last;
  });
  let wrong = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (wrong += text));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`a deployment failed: ${said}${wrong}`);
  const second = (from: number, to: number): number => (to - from) / 1_000;
  return {
    whole: second(start, performance.now()),
    provisioning: second(at.provisioning, at.last),
    activation: second(at.first, at.last),
    reloads: at.reloads,
  };
}
