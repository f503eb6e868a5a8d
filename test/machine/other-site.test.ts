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
import { terraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`other-site.test.ts: nothing is deployed here: it ${reason}`);

const site = `server { listen 127.0.0.1:8000; location / { return 200 "a site of somebody else"; } }\n`;
const otherTable =
  'table inet of_somebody_else {\n chain input {\n type filter hook input priority 10;\n }\n}\n';

describe.skipIf(reason !== undefined)('a machine that serves a site with the distribution’s nginx', () => {
  let host: Host;
  let deployment: Deployment;
  let pid: string;

  const mainPid = (): Promise<string> =>
    host.machine.output(['systemctl', 'show', '--value', '--property', 'MainPID', 'nginx']);
  const fetched = (): Promise<string> =>
    host.machine.output(['curl', '--silent', '--show-error', 'http://127.0.0.1:8000/']);

  beforeAll(async () => {
    const tools = await terraformTools();
    host = await bootDeployable('trixie');
    // The machines of the tests have it masked.
    await host.machine.output(['rm', '/etc/systemd/system/nginx.service']);
    await host.machine.output(['rm', '-f', '/etc/nginx/sites-enabled/default']);
    await host.machine.write('/etc/nginx/conf.d/site.conf', site);
    await host.machine.output(['systemctl', 'daemon-reload']);
    await host.machine.output(['systemctl', 'start', 'nginx']);
    await host.machine.output(['nft', '-f', '-'], otherTable);
    pid = await mainPid();
    deployment = await deploymentTo(host, tools);
    await deployment.configure();
    await deployment.deploy();
  }, deploymentTimeoutMs);
  afterAll(async () => {
    await deployment.remove();
    await host.stop();
  });

  test('goes on serving it, beside the gateway', async () => {
    expect(await fetched()).toBe('a site of somebody else');
    expect(await mainPid()).toBe(pid);
    expect(await host.machine.output(['cat', '/etc/nginx/conf.d/site.conf'])).toBe(site);
    expect(await statusFromOutside(host, await deployment.client('ci'))).toBe(200);
  });

  test('keeps its other packet filter tables', async () => {
    const tables = await host.machine.output(['nft', 'list', 'tables']);
    expect(tables.trim().split('\n').sort()).toEqual(['table inet hardening', 'table inet of_somebody_else']);
  });

  test('has both when the kit is gone', async () => {
    expect((await deployment.terraform('destroy', '-auto-approve', '-no-color')).status).toBe(0);
    expect(await fetched()).toBe('a site of somebody else');
    expect(await mainPid()).toBe(pid);
    expect(await host.machine.output(['nft', 'list', 'tables'])).toBe('table inet of_somebody_else\n');
  });
});
