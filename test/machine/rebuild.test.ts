import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bootDeployable,
  deploymentTimeoutMs,
  reasonForNoDeployment,
  deploymentTo,
  statusFromOutside,
  type Deployment,
} from './support/deployment.ts';
import type { Host } from './support/host.ts';
import { terraformTools, type TerraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`rebuild.test.ts: nothing is deployed here: it ${reason}`);

describe.skipIf(reason !== undefined)('from nothing', () => {
  let tools: TerraformTools;
  let host: Host;
  let deployment: Deployment;
  let ci: Awaited<ReturnType<Deployment['client']>>;
  const configure = (): Promise<void> =>
    deployment.configure({
      target: { distribution: 'debian-12', host: { address: host.address, hostKey: host.hostKey } },
    });

  beforeAll(async () => {
    tools = await terraformTools();
    host = await bootDeployable('bookworm');
    deployment = await deploymentTo(host, tools);
    await configure();
    await deployment.deploy();
    ci = await deployment.client('ci');
    expect(await statusFromOutside(host, ci)).toBe(200);
  }, deploymentTimeoutMs);
  afterAll(async () => {
    await deployment.remove();
    await host.stop();
  });

  test('a machine that was lost comes back on a new one, with the certificates that there were', async () => {
    await host.stop();
    host = await bootDeployable('bookworm');
    deployment = await deploymentTo(host, tools, deployment);
    await configure();
    expect(await deployment.deploy()).toMatch(/1 added, 1 changed, 1 destroyed/);
    expect(await statusFromOutside(host, ci)).toBe(200);
  });

  test('a state that was lost is a new CA: the certificates before it are worthless', async () => {
    for (const name of await readdir(deployment.folder)) {
      if (name.endsWith('.tfstate') || name.endsWith('.tfstate.backup'))
        await rm(join(deployment.folder, name));
    }
    await rm(join(deployment.folder, 'cdktf.out'), { recursive: true });
    // The next deployment writes its own certificates in their place.
    const before = join(deployment.folder, 'clients-before');
    await rename(join(deployment.folder, 'clients'), before);
    await deployment.deploy();
    const renewed = await deployment.client('ci');
    expect(await statusFromOutside(host, renewed)).toBe(200);
    const file = (kind: string): string => join(before, `ci.${kind}`);
    const old = { certificate: file('crt'), key: file('key'), ca: renewed.ca };
    expect(await statusFromOutside(host, old)).toBe(401);
  });
});
