import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropletStack } from '../constructs/support/deployed-stacks.ts';
import { at, synthesized } from '../constructs/support/synthesized.ts';
import { debianSuites, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { network } from '../machine/support/outside.ts';
import { makeSshKey, type SshKeys } from '../machine/support/ssh.ts';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
} from '../machine/support/terraform-tools.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const reason = reasonForNoHost('nmap') ?? reasonForNoTerraform();
if (reason !== undefined)
  console.warn(`first-boot.test.ts: no machine boots for the first time here: it ${reason}`);

const admin = 'hardening-admin';

/** What terraform makes of the user_data of the synthesized stack, and the keys of a machine that boots with it. */
async function applied(folder: string): Promise<{ userData: string; keys: SshKeys }> {
  const user = await makeSshKey(join(folder, 'user'));
  const stack = await synthesized('cloud', {
    ...dropletStack,
    ssh: { sources: [`${network.outside}/32`], adminKeys: { alice: user.publicKey } },
  });
  const resource = at(stack.json, 'resource', 'tls_private_key') as Record<string, unknown>;
  const [name = ''] = Object.keys(resource).filter((one) => one.includes('host-key'));
  const configuration = {
    terraform: { required_providers: { tls: at(stack.json, 'terraform', 'required_providers', 'tls') } },
    resource: { tls_private_key: { [name]: resource[name] } },
    output: {
      user_data: { sensitive: true, value: stack.one('digitalocean_droplet')['user_data'] },
      private_key: { sensitive: true, value: `\${tls_private_key.${name}.private_key_openssh}` },
      public_key: { value: at(stack.one('terraform_data'), 'connection', 'host_key') },
    },
  };
  await writeFile(join(folder, 'main.tf.json'), JSON.stringify(configuration));
  const tools = await terraformTools();
  const terraform = async (...parameters: string[]): Promise<string> => {
    const environment = { ...process.env, ...tools.environment };
    return (await promisify(execFile)(tools.terraform, parameters, { cwd: folder, env: environment })).stdout;
  };
  await terraform('init', '-input=false');
  await terraform('apply', '-input=false', '-auto-approve');
  const host = {
    path: '',
    privateKey: await terraform('output', '-raw', 'private_key'),
    publicKey: await terraform('output', '-raw', 'public_key'),
  };
  return { userData: await terraform('output', '-raw', 'user_data'), keys: { host, user } };
}

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'the first boot of a %s with the synthesized user_data',
  (distribution) => {
    let folder: TemporaryFolder;
    let host: Host;
    let userData: string;

    beforeAll(async () => {
      folder = await temporaryFolder();
      const made = await applied(folder.path);
      ({ userData } = made);
      host = await bootHost(debianSuites[distribution], made);
    }, rootTimeoutMs + terraformToolsTimeoutMs);
    afterAll(async () => {
      await host.stop();
      await folder.remove();
    });

    it('is accepted by cloud-init’s own schema', async () => {
      await host.machine.write('/root/user-data', userData);
      const { status, stdout, stderr } = await host.machine.run([
        'cloud-init',
        'schema',
        '--config-file',
        '/root/user-data',
      ]);
      expect(`${stdout}${stderr}`).toContain('Valid');
      expect(status).toBe(0);
    });

    it('ends without an error', async () => {
      const { status, stdout } = await host.machine.run(['cloud-init', 'status', '--wait', '--long']);
      expect(stdout).toMatch(/^status: done$/m);
      expect(status).toBe(0);
    });

    it('lets the administrator in, as root too, by the pinned key that alone is offered', async () => {
      const login = await host.ssh('id -un; sudo -n id -un', { user: admin });
      expect(login).toMatchObject({ status: 0, stdout: `${admin}\nroot\n` });
      const { stdout } = await host.outside(['ssh-keyscan', host.address]);
      expect(stdout).toBe(`${host.address} ${host.hostKey}\n`);
    });

    it('lets in neither root nor a password', async () => {
      expect((await host.ssh('true')).status).toBe(255);
      const settings = await host.machine.output(['sshd', '-T']);
      expect(settings).toContain('permitrootlogin no\n');
      expect(settings).toContain('passwordauthentication no\n');
      expect(settings).toContain('kbdinteractiveauthentication no\n');
      const shadow = await host.machine.output(['grep', '-E', `^(root|${admin}):`, '/etc/shadow']);
      for (const line of shadow.trimEnd().split('\n')) expect(line).toMatch(/^[a-z-]+:[!*]/);
    });

    it('leaves SSH alone open, to the configured networks', async () => {
      const { stdout } = await host.outside(['nmap', '-n', '-Pn', '-p', '22,80,443,11434', host.address]);
      expect(stdout).toMatch(/^22\/tcp +open/m);
      for (const port of [80, 443, 11434]) {
        expect(stdout).toMatch(new RegExp(`^${port}/tcp +filtered`, 'm'));
      }
      // Another network than the configured one: the IPv6 end of the same cable.
      const ipv6 = await host.outside(['nmap', '-6', '-n', '-Pn', '-p', '22', network.machineIpv6]);
      expect(ipv6.stdout).toMatch(/^22\/tcp +filtered/m);
    });

    it('keeps the metadata address from everybody but root and the metrics agent', async () => {
      // The machine has the address itself here, and sshd answers at it.
      await host.machine.output(['ip', 'address', 'add', '169.254.169.254/32', 'dev', 'lo']);
      const ask = [
        'curl',
        '--silent',
        '--http0.9',
        '--max-time',
        '5',
        '--interface',
        host.address,
        'http://169.254.169.254:22/',
      ];
      const as = (user: string): string[] => ['setpriv', '--reuid', user, '--clear-groups', ...ask];
      for (const command of [ask, as('do-agent')]) {
        expect((await host.machine.run(command)).stdout).toMatch(/^SSH-2\.0-/);
      }
      for (const user of ['nobody', admin]) {
        expect(await host.machine.run(as(user))).toMatchObject({ status: 7, stdout: '' });
      }
    });

    it('closes the ports after a power cut too, until a release is there', async () => {
      await host.powerCut();
      await host.machine.output(['systemctl', 'is-system-running', '--wait']).catch(() => undefined);
      expect(await host.machine.output(['nft', 'list', 'tables'])).toBe('table inet hardening\n');
      expect(await host.ssh('id -un', { user: admin })).toMatchObject({ status: 0, stdout: `${admin}\n` });
    });
  },
);
