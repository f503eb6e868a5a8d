import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianSuites, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { network } from '../machine/support/outside.ts';
import { reasonForNoTerraform, terraformToolsTimeoutMs } from '../machine/support/terraform-tools.ts';
import { installOllamaProgram } from '../distributions/support/ollama.ts';
import { dropletStackIn, type DropletStack } from './support/droplet-stack.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const reason = reasonForNoHost('nmap') ?? reasonForNoTerraform();
if (reason !== undefined)
  console.warn(`first-boot.test.ts: no machine boots for the first time here: it ${reason}`);

const admin = 'hardening-admin';

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'the first boot of a %s with the synthesized user_data',
  (distribution) => {
    let folder: TemporaryFolder;
    let host: Host;
    let stack: DropletStack;

    beforeAll(async () => {
      folder = await temporaryFolder();
      stack = await dropletStackIn(folder.path, distribution);
      host = await bootHost(debianSuites[distribution], stack);
    }, rootTimeoutMs + terraformToolsTimeoutMs);
    afterAll(async () => {
      await host.stop();
      await folder.remove();
    });

    it('is accepted by cloud-init’s own schema', async () => {
      await host.machine.write('/root/user-data', stack.userData);
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

    it('is ready for a first release, which takes the firewall and sshd over', async () => {
      await installOllamaProgram(host.machine);
      const { status, stdout, stderr } = await host.outside(
        [stack.tools.terraform, 'apply', '-auto-approve', '-input=false', '-no-color'],
        {
          cwd: stack.directory,
          environment: {
            ...stack.tools.environment,
            SSH_AUTH_SOCK: '',
            TF_VAR_ssh_private_key_path: host.userKey,
          },
        },
      );
      expect(`${stdout}${stderr}`).toMatch(/hardening: done: release [0-9a-f]{64} is in force/);
      expect(status).toBe(0);
      const open = await host.outside(['nmap', '-n', '-Pn', '-p', '22,443,11434', host.address]);
      expect(open.stdout).toMatch(/^443\/tcp +open/m);
      expect(open.stdout).toMatch(/^11434\/tcp +filtered/m);
      expect(await host.ssh('sudo -n id -un', { user: admin })).toMatchObject({
        status: 0,
        stdout: 'root\n',
      });
      const { stdout: offered } = await host.outside(['ssh-keyscan', host.address]);
      expect(offered).toBe(`${host.address} ${host.hostKey}\n`);
    });

    it('leaves the firewall to the release after the next power cut', async () => {
      await host.powerCut();
      await host.machine.output(['systemctl', 'is-system-running', '--wait']).catch(() => undefined);
      expect(
        await host.machine.output([
          'systemctl',
          'show',
          '--value',
          '--property',
          'ConditionResult',
          'hardening-bootstrap-firewall',
        ]),
      ).toBe('no\n');
      const open = await host.outside(['nmap', '-n', '-Pn', '-p', '443,11434', host.address]);
      expect(open.stdout).toMatch(/^443\/tcp +open/m);
      expect(open.stdout).toMatch(/^11434\/tcp +filtered/m);
    });
  },
);
