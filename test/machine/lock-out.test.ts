import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bootDeployable,
  deploymentTimeoutMs,
  reasonForNoDeployment,
  deploymentTo,
  stackName,
  statusFromOutside,
  type Deployment,
} from './support/deployment.ts';
import type { Host } from './support/host.ts';
import { network } from './support/outside.ts';
import { terraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`lock-out.test.ts: nothing is deployed here: it ${reason}`);

describe.skipIf(reason !== undefined)('a release that keeps its administrator out', () => {
  let host: Host;
  let deployment: Deployment;

  beforeAll(async () => {
    const tools = await terraformTools();
    host = await bootDeployable('trixie');
    deployment = await deploymentTo(host, tools);
    await deployment.configure();
    await deployment.deploy();
  }, deploymentTimeoutMs);
  afterAll(async () => {
    await deployment.remove();
    await host.stop();
  });

  /** Applies a configuration in which SSH is open to somebody else alone. */
  async function lockOut(confirmSeconds: number): Promise<string> {
    await deployment.configure({ ssh: { sources: ['198.51.100.1/32'] } });
    const plan = await deployment.hardening('deploy', '--plan');
    expect(plan.stderr).toContain(`does not have ${network.outside}, the address of this computer`);
    expect(plan.status).toBe(0);
    const file = join(deployment.folder, `cdktf.out/stacks/${stackName}/cdk.tf.json`);
    const text = await readFile(file, 'utf8');
    const hasty = text
      .replace('HARDENING_CONFIRM_SECONDS=90', `HARDENING_CONFIRM_SECONDS=${confirmSeconds}`)
      .replace('"timeout": "30s"', '"timeout": "4s"');
    expect(hasty).not.toBe(text);
    await writeFile(file, hasty);
    const { status, stdout, stderr } = await deployment.terraform('apply', '-auto-approve', '-no-color');
    expect(status).toBe(1);
    return stdout + stderr;
  }

  const canLogIn = async (): Promise<boolean> => (await host.ssh('true')).status === 0;

  async function untilLogin(): Promise<void> {
    // Each try takes ssh's own time-out where the packet filter drops it.
    for (let tries = 0; tries < 20; tries++) {
      if (await canLogIn()) return;
      await sleep(500);
    }
    throw new Error('nobody can log in any more');
  }

  const lastActivation = async (): Promise<string> =>
    host.machine.output(['cat', '/var/lib/hardening/state/last-activation']);

  test('is taken back when nobody logged in to confirm it', async () => {
    const said = await lockOut(12);
    expect(said).toContain('goes back in 12 s, unless a new SSH login confirms the release');
    await untilLogin();
    expect(await lastActivation()).toContain('reason=nobody logged in to confirm it');
    expect((await host.ssh('hardening-release status')).stdout).toContain('health ok');
  });

  test('is taken back by a power cut before that', async () => {
    await lockOut(600);
    expect(await canLogIn()).toBe(false);
    await host.powerCut();
    await untilLogin();
    expect(await lastActivation()).toContain('outcome=interrupted');
  });

  test('and the next apply of a better one is confirmed', async () => {
    await deployment.configure({
      ssh: { sources: [`${network.outside}/32`, '198.51.100.1/32'] },
    });
    expect(await deployment.deploy()).toContain('hardening: confirmed: release');
    expect(await lastActivation()).toContain('outcome=activated');
    expect(await statusFromOutside(host, await deployment.client('ci'))).toBe(200);
  });
});
