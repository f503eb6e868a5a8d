import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilHolds } from '../gateway/support/waiting.ts';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { machineTree, textOf, writeTree } from './support/gateway.ts';
import { debianSuites, rootTimeoutMs } from './support/root-cache.ts';

const reason = reasonForNoHost();
if (reason !== undefined) console.warn(`settings.test.ts: no machine is set up here: it ${reason}`);

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'the settings of a booted %s',
  (distribution) => {
    let host: Host;

    beforeAll(async () => {
      host = await bootHost(debianSuites[distribution]);
      const files = /^etc\/(?:sysctl\.d|apt|systemd\/(?:journald|timesyncd)\.conf\.d)\//;
      const tree = [...machineTree(distribution, [])].filter(([path]) => files.test(path));
      expect(tree).toHaveLength(4);
      await writeTree(host.machine, new Map(tree));
    }, rootTimeoutMs);
    afterAll(() => host.stop());

    test("the kernel's: those that a container may set are set, and none is unknown", async () => {
      const redirects = [
        'sysctl',
        '-n',
        'net.ipv4.conf.all.accept_redirects',
        'net.ipv4.conf.all.send_redirects',
      ];
      expect(await host.machine.output(redirects)).toBe('1\n1\n');
      await host.machine.output(['systemctl', 'restart', 'systemd-sysctl.service']);
      expect(await host.machine.output(redirects)).toBe('0\n0\n');
      const text = await host.machine.output(['cat', '/etc/sysctl.d/60-hardening.conf']);
      const names = [...text.matchAll(/^-([a-z0-9_.]+) = \d+$/gm)].map((match) => match[1] ?? '');
      expect(names).toHaveLength(14);
      // A kernel may lack yama, and a container does not see the setting of BPF's compiler.
      for (const name of names.filter((one) => !/yama|bpf_jit/.test(one))) {
        expect(await host.machine.output(['sysctl', '-n', name])).toMatch(/^\d+\n$/);
      }
    });

    test("the journal's: kept on disk, with bounds", async () => {
      await host.machine.output(['systemctl', 'restart', 'systemd-journald.service']);
      await host.machine.output(['journalctl', '--flush']);
      expect(await host.machine.output(['ls', '/var/log/journal'])).toMatch(/^[0-9a-f]{32}\n$/);
      const said = await host.machine.output(['journalctl', '-u', 'systemd-journald', '-o', 'cat']);
      expect(said).toMatch(/System Journal \(\/var\/log\/journal\/[0-9a-f]+\) is .*, max 1(?:\.0)?G,/);
      expect(said).not.toMatch(/unknown|ignor|failed to parse/i);
    });

    test("the time's: the daemon starts with the gateway, and asks the distribution's own servers", async () => {
      const { machine } = host;
      // A container has the clock of its host: what keeps the daemon from running in one is lifted, and the clock stays.
      await machine.write(
        '/etc/systemd/system/systemd-timesyncd.service.d/in-a-container.conf',
        '[Unit]\nConditionVirtualization=\n[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n',
      );
      const gateway = 'etc/systemd/system/hardening-gateway.service';
      await machine.write(`/${gateway}`, textOf(machineTree(distribution, []), gateway));
      await machine.write(
        '/etc/systemd/system/hardening-gateway.service.d/nothing.conf',
        '[Service]\nUser=\nGroup=\nExecStartPre=\nExecStart=\nExecStart=/usr/bin/sleep infinity\n',
      );
      const isActive = async (): Promise<string> =>
        (await machine.run(['systemctl', 'is-active', 'systemd-timesyncd'])).stdout;
      await machine.output(['systemctl', 'disable', '--now', 'systemd-timesyncd']);
      await machine.output(['systemctl', 'daemon-reload']);
      expect(await isActive()).toBe('inactive\n');
      await machine.output(['systemctl', 'start', 'hardening-gateway']);
      await untilHolds(async () => (await isActive()) === 'active\n', 'systemd-timesyncd');
      const asked = await machine.output(['timedatectl', 'show-timesync', '--property=FallbackNTPServers']);
      expect(asked).toBe(
        `FallbackNTPServers=${[0, 1, 2, 3].map((n) => `${n}.debian.pool.ntp.org`).join(' ')}\n`,
      );
    });

    test("apt's: security updates come by themselves, reboots do not", async () => {
      const settings = (await host.machine.output(['apt-config', 'dump'])).split('\n');
      expect(settings).toContain('APT::Periodic::Unattended-Upgrade "1";');
      expect(settings).toContain('APT::Periodic::Update-Package-Lists "1";');
      expect(settings).toContain('Unattended-Upgrade::Automatic-Reboot "false";');
    });
  },
);
