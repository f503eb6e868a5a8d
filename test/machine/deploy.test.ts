import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bootDeployable,
  deploymentTimeoutMs,
  reasonForNoDeployment,
  deploymentTo,
  stackName,
  serverName,
  statusFromOutside,
  type Deployment,
} from './support/deployment.ts';
import type { Host } from './support/host.ts';
import { terraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`deploy.test.ts: nothing is deployed here: it ${reason}`);

const services = { ci: {}, dashboard: { routes: ['read' as const] } };

describe.skipIf(reason !== undefined)('a deployment by the command line', () => {
  let host: Host;
  let deployment: Deployment;
  let ci: Awaited<ReturnType<Deployment['client']>>;

  beforeAll(async () => {
    const tools = await terraformTools();
    host = await bootDeployable('trixie');
    deployment = await deploymentTo(host, tools);
    await deployment.configure();
    await deployment.deploy();
    ci = await deployment.client('ci');
  }, deploymentTimeoutMs);
  afterAll(async () => {
    await deployment.remove();
    await host.stop();
  });

  const nginxPid = async (): Promise<string> =>
    host.machine.output(['systemctl', 'show', '--value', '--property', 'MainPID', 'hardening-gateway']);

  test('serves who has a certificate and nobody else, as the probe sees from outside', async () => {
    expect(await statusFromOutside(host, ci)).toBe(200);
    expect(await statusFromOutside(host, undefined, { ca: ci.ca })).toBe(401);
    // As a stranger: what is behind the gateway here is no Ollama, which the probe would say.
    const { status, stdout, stderr } = await deployment.hardening(
      ...['probe', host.address, '--server-name', serverName, '--ca', ci.ca],
    );
    expect(`${stdout}${stderr}`).toContain('It holds');
    expect(status).toBe(0);
  });

  test('keeps a state that nobody else can read, also where it was open before', async () => {
    const state = join(deployment.folder, `terraform.${stackName}.tfstate`);
    const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(state)).toBe('600');
    await chmod(state, 0o644);
    await writeFile(`${state}.backup`, 'an earlier state\n', { mode: 0o644 });
    await deployment.deploy();
    expect([await mode(state), await mode(`${state}.backup`)]).toEqual(['600', '600']);
  });

  test('a second apply changes nothing', async () => {
    const before = await nginxPid();
    expect(await deployment.deploy()).toContain('No changes.');
    expect(await nginxPid()).toBe(before);
  });

  test('is well, as status tells', async () => {
    const { status, stdout, stderr } = await deployment.hardening(
      'status',
      '--identity',
      host.userKey,
      '--json',
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ health: '', drift: [], refused: [], findings: [] });
    expect(status).toBe(0);
  });

  test('a changed limit is a release and nothing else', async () => {
    const before = await nginxPid();
    await deployment.configure({ limits: { perAddress: { requestsPerSecond: 7 } } });
    const said = await deployment.deploy();
    expect(said).toMatch(/1 added, 0 changed, 1 destroyed/);
    expect(said).toContain('hardening: done: release');
    expect(await nginxPid()).toBe(before);
    expect(await deployment.client('ci')).toEqual(ci);
    expect(await statusFromOutside(host, ci)).toBe(200);
  });

  test('a file changed on the machine is seen, and put right by the next release', async () => {
    const file = '/etc/hardening/gateway/limits.conf';
    await host.machine.output(['sh', '-c', `echo '# changed' >>${file}`]);
    const { status, stdout } = await deployment.hardening('status', '--identity', host.userKey);
    expect(stdout).toContain(file);
    expect(status).toBe(1);
    await deployment.configure({ limits: { perAddress: { requestsPerSecond: 8 } } });
    await deployment.deploy();
    expect((await deployment.hardening('status', '--identity', host.userKey)).status).toBe(0);
  });

  test('a release that is not healthy is taken back, and the next plan has work to do', async () => {
    const good = await host.machine.output(['cat', '/usr/local/bin/ollama']);
    const broken = good.replace(/^(#!.*\n)/, '$1exit 1 if $ENV{OLLAMA_NUM_PARALLEL} == 3;\n');
    await host.machine.write('/usr/local/bin/ollama', broken, 0o755);
    await deployment.configure({ ollama: { numParallel: 3 } });
    const failed = await deployment.hardening('deploy', '--auto-approve');
    expect(failed.status).toBe(1);
    expect(`${failed.stdout}${failed.stderr}`).toContain(
      'hardening: the machine serves what it served before',
    );
    expect(await statusFromOutside(host, ci)).toBe(200);
    await host.machine.write('/usr/local/bin/ollama', good, 0o755);
    const plan = await deployment.hardening('deploy', '--plan');
    expect(plan.stdout).toMatch(/1 to add, 0 to change, 1 to destroy/);
    await deployment.deploy();
    expect(await statusFromOutside(host, ci)).toBe(200);
  });

  test('a removed service is 401 from the apply on, and after a rollback too', async () => {
    const dashboard = await deployment.client('dashboard');
    expect(await statusFromOutside(host, dashboard)).toBe(200);
    await deployment.configure({ services: { ci: services.ci } });
    await deployment.deploy();
    expect(await statusFromOutside(host, dashboard)).toBe(401);
    expect(await statusFromOutside(host, ci)).toBe(200);
    const { stdout } = await host.ssh('hardening-release rollback');
    expect(stdout).toContain('stays refused');
    expect(await statusFromOutside(host, dashboard)).toBe(401);
    expect(await statusFromOutside(host, ci)).toBe(200);
    const { status, stdout: seen } = await deployment.hardening('status', '--identity', host.userKey);
    expect(seen).toContain('is in force, and the last apply wanted');
    expect(status).toBe(1);
    const plan = await deployment.hardening('deploy', '--plan');
    expect(plan.stderr).toContain('the release is brought again');
    expect(plan.stdout).toMatch(/1 to add, 0 to change, 1 to destroy/);
    await deployment.deploy();
    expect((await deployment.hardening('status', '--identity', host.userKey)).status).toBe(0);
  });

  test('a destroy leaves the machine without the kit, and its models and logs', async () => {
    const { status, stdout, stderr } = await deployment.terraform('destroy', '-auto-approve', '-no-color');
    expect(`${stdout}${stderr}`).toContain('hardening: left as they are');
    expect(status).toBe(0);
    const found = async (command: string): Promise<string> =>
      (await host.machine.run(['sh', '-c', command])).stdout.trim();
    expect(await found("find /etc /usr/local /opt /var/lib -name '*hardening*' ! -path '*/.*'")).toBe('');
    expect(await found("systemctl list-units --all --plain --no-legend '*hardening*'")).toBe('');
    expect(await found('nft list tables')).toBe('');
    const users = 'hardening-gateway hardening-proxy hardening-models hardening-metrics';
    expect(await found(`getent passwd ${users}`)).toBe('');
    expect(await found('ls /var/log/hardening-gateway')).toContain('access.log');
    expect((await host.ssh('true')).status).toBe(0);
  });
});
