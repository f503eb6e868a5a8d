import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import type { Result } from '../distributions/support/machine.ts';
import type { Host } from '../machine/support/host.ts';
import { network } from '../machine/support/outside.ts';
import { makeSshKey } from '../machine/support/ssh.ts';
import { terraformTools, type TerraformTools } from '../machine/support/terraform-tools.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { hostStack } from './support/deployed-stacks.ts';
import { bootDeployable, deploymentTimeoutMs, reasonForNoDeployment } from '../machine/support/deployment.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`deploy.test.ts: nothing is deployed here: it ${reason}`);

const apply = ['apply', '-auto-approve'];
const deployer = { user: 'deployer', port: 2222 };
const sources = [`${network.outside}/32`, `${network.outsideIpv6}/128`];

describe.skipIf(reason !== undefined)('a machine that exists', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;
  let host: Host;

  const synth = (change: Partial<StackInput> = {}, login: object = {}): void => {
    const target = { host: { address: host.address, hostKey: host.hostKey, ...login } };
    const stacks = {
      box: { ...hostStack, ssh: { sources }, target: { distribution: 'debian-12', ...target }, ...change },
    };
    synthesize(parseConfig({ stacks }, 'test'), join(folder.path, 'cdktf.out'));
  };
  const terraform = (...command: readonly string[]): Promise<Result> =>
    host.outside([tools.terraform, ...command, '-input=false', '-no-color'], {
      cwd: join(folder.path, 'cdktf.out/stacks/box'),
      environment: { ...tools.environment, SSH_AUTH_SOCK: '', TF_VAR_ssh_private_key_path: host.userKey },
    });
  const stackFile = (): string => join(folder.path, 'cdktf.out/stacks/box/cdk.tf.json');
  /** A user who may log in with the key that root has. */
  const addUser = async (name: string): Promise<void> => {
    await host.machine.output(['useradd', '--create-home', '--shell', '/bin/sh', name]);
    await host.machine.output(['install', '-d', '-m', '0700', '-o', name, `/home/${name}/.ssh`]);
    const keys = `/home/${name}/.ssh/authorized_keys`;
    await host.machine.write(keys, `${host.keys.user.publicKey}\n`, 0o600);
    await host.machine.output(['chown', name, keys]);
  };
  const exists = async (path: string): Promise<boolean> =>
    (await host.machine.run(['test', '-e', path])).status === 0;

  beforeAll(async () => {
    tools = await terraformTools();
    host = await bootDeployable('bookworm');
    await addUser('guest');
    await addUser('deployer');
    await host.machine.write('/etc/ssh/sshd_config.d/05-ports.conf', 'Port 22\nPort 2222\n');
    await host.machine.output(['systemctl', 'restart', 'ssh']);
    await host.machine.write('/etc/sudoers.d/deployer', 'deployer ALL=(ALL) NOPASSWD: ALL\n', 0o440);
    folder = await temporaryFolder();
    synth();
    expect(await terraform('init')).toMatchObject({ status: 0 });
  }, deploymentTimeoutMs);
  afterAll(async () => {
    await host.stop();
    await folder.remove();
  });

  it('is left alone where it shows another host key', async () => {
    synth({}, { hostKey: (await makeSshKey(join(folder.path, 'other'))).publicKey });
    // terraform tries again until its time is up, which is shorter here.
    await writeFile(stackFile(), (await readFile(stackFile(), 'utf8')).replace('"30s"', '"3s"'));
    const { status, stderr } = await terraform(...apply);
    expect(stderr).toContain('knownhosts: key mismatch');
    expect(status).toBe(1);
    expect(await exists('/root/.hardening-upload')).toBe(false);
  });

  it('is left alone where its user may not become root, which is said', async () => {
    synth({}, { user: 'guest' });
    const { status, stdout, stderr } = await terraform(...apply);
    expect(`${stdout}${stderr}`).toContain(
      'the user guest may not run sudo without a password; nothing was changed',
    );
    expect(status).toBe(1);
    expect(await exists('/home/guest/.hardening-upload')).toBe(false);
    expect(await exists('/var/lib/hardening')).toBe(false);
  });

  it('gets its release by a user with sudo at another port, and keeps no upload', async () => {
    synth({}, deployer);
    const { status, stdout, stderr } = await terraform(...apply);
    expect(`${stdout}${stderr}`).toMatch(/hardening: done: release [0-9a-f]{64} is in force/);
    expect(status).toBe(0);
    expect(await host.machine.output(['ls', '-A', '/home/deployer/.hardening-upload'])).toBe('');
    expect(await host.machine.output(['ls', '-A', '/var/lib/hardening/incoming'])).toBe('');
    const scripts = ['find', '/home/deployer', '-maxdepth', '1', '-name', '.hardening-*.sh', '-size', '+0'];
    expect(await host.machine.output(scripts)).toBe('');
    const released = await terraform('output', '-raw', 'release');
    expect(await host.machine.output(['readlink', '/var/lib/hardening/current'])).toContain(released.stdout);
  });

  it('has nothing to do at the next plan', async () => {
    expect(await terraform('plan', '-detailed-exitcode')).toMatchObject({ status: 0 });
  });

  it('is reached over IPv6 as well, and has its release already', async () => {
    synth({}, { ...deployer, address: network.machineIpv6 });
    const { status, stdout, stderr } = await terraform(...apply);
    expect(`${stdout}${stderr}`).toContain('hardening: unchanged: this release is in force and healthy');
    expect(status).toBe(0);
  });

  it('is work to do again after an activation that failed', async () => {
    await host.machine.write('/usr/local/bin/ollama', '#!/bin/sh\nexit 1\n', 0o755);
    await host.machine.run(['systemctl', 'restart', 'hardening-ollama.service']);
    synth({ limits: { perAddress: { requestsPerSecond: 3 } } }, deployer);
    const { status, stdout, stderr } = await terraform(...apply);
    // What the machine says is shown, and not hidden because of a secret.
    expect(`${stdout}${stderr}`).toMatch(/hardening: failed: .+/);
    expect(stderr).toContain('remote-exec provisioner error');
    expect(status).toBe(1);
    const plan = await terraform('plan');
    expect(plan.stdout).toContain('is tainted, so must be replaced');
    expect(plan.stdout).toContain('1 to add, 0 to change, 1 to destroy');
  });
});
