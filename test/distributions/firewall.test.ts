import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { network } from '../machine/support/outside.ts';
import { once } from 'node:events';
import { untilHolds } from '../gateway/support/waiting.ts';
import { machineTree, textOf, writeTree, type MoreSections } from './support/gateway.ts';
import { startWorld, type World } from './support/outside-world.ts';
import { exposureLevel } from './support/ollama.ts';
import { debianSuites, rootTimeoutMs } from './support/root-cache.ts';

const reason = reasonForNoHost();
if (reason !== undefined)
  console.warn(`firewall.test.ts: no machine has its packet filter here: it ${reason}`);

const service = 'hardening-nftables.service';
const metadata = '169.254.169.254';
/** The gateway, its plain port, and something else that somebody runs. */
const [gatewayPort, plainPort, otherPort] = [443, 80, 8443];

/** The tree for a droplet with the metrics agent, which only the network outside may reach. */
function treeFor(
  distribution: keyof typeof debianSuites,
  sources = [`${network.outside}/32`],
  more: Partial<NonNullable<MoreSections['firewall']>> = {},
) {
  return machineTree(distribution, [], {
    target: { digitalocean: { region: 'fra1', size: 's-1vcpu-1gb' } },
    ssh: {
      sources: [...sources, '2001:db8::/64'],
      ...(sources.includes('0.0.0.0/0')
        ? { everywhereReason: 'this is a test of networks, not of a machine' }
        : {}),
      adminKeys: { alice: `ssh-ed25519 ${'A'.repeat(68)}` },
    },
    firewall: { gatewaySources: [...sources, '2001:db8::/64'], ...more },
    terraformState: { encryptedByOpenTofu: true },
  });
}

/** Says `listening`, and then what comes in the next second at a port, or `silence`. */
const udpListener = `
  my $socket = IO::Socket::IP->new(LocalHost => '::', LocalPort => $ARGV[0], Proto => 'udp', V6Only => 0) or die;
  $| = 1; print "listening\\n";
  my $set = ''; vec($set, fileno($socket), 1) = 1;
  if (select($set, undef, undef, 1)) { $socket->recv(my $text, 100); print $text } else { print "silence" }`;

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'the packet filter on a booted %s',
  (distribution) => {
    let host: Host;
    const worlds: World[] = [];

    beforeAll(async () => {
      host = await bootHost(debianSuites[distribution]);
      const { machine } = host;
      for (const user of ['hardening-gateway', 'ollama', 'do-agent']) {
        await machine.output(['useradd', '--system', '--user-group', '--no-create-home', user]);
      }
      // A metadata service, and a world with all that a machine may want to reach.
      await host.outside(['ip', 'address', 'add', `${metadata}/32`, 'dev', 'lo']);
      worlds.push(await startWorld((command) => machine.fromOutside(command), [53, 80, 443, otherPort]));
      worlds.push(
        await startWorld((command) => machine.inNetwork(command), [gatewayPort, plainPort, otherPort]),
      );
      await machine.output(['nft', 'add table inet others { chain kept { }; }']);
      const files = [...treeFor(distribution)].filter(([path]) => /nftables/.test(path));
      await writeTree(machine, new Map(files));
      await machine.output(['systemctl', 'daemon-reload']);
    }, rootTimeoutMs);
    afterAll(async () => {
      for (const world of worlds) await world.stop();
      await host.stop();
    });

    const quickly = [
      'curl',
      '--silent',
      '--output',
      '/dev/null',
      '--write-out',
      '%{http_code}',
      '--noproxy',
      '*',
    ];
    /** What becomes of a call to the machine from outside: an answer, silence, or a refusal. */
    const fromOutside = async (port: number, address: string = network.machine): Promise<string> => {
      const target = address.includes(':') ? `[${address}]` : address;
      // Nothing is far away here: what has not come after a second is not coming.
      const call = [...quickly, '--connect-timeout', '1', `http://${target}:${port}/`];
      return outcome(await host.outside(call));
    };
    const asUser = async (user: string, address: string, port: number): Promise<string> => {
      const call = [...quickly, '--connect-timeout', '3', `http://${address}:${port}/`];
      const switchUser = ['setpriv', '--reuid', user, '--clear-groups', '--regid', 'nogroup', '--'];
      return outcome(await host.machine.run([...switchUser, ...call]));
    };
    const outcome = ({ status, stdout }: { status: number | null; stdout: string }): string => {
      if (status === 0) return stdout;
      // curl(1): 7 no connection, 28 nothing heard.
      return { 7: 'refused', 28: 'silence' }[status ?? 0] ?? `curl ended with ${status ?? 'a signal'}`;
    };
    const tables = (): Promise<string> => host.machine.output(['nft', 'list', 'tables']);

    test('its file passes `nft -c`, also with networks that overlap or are everybody', async () => {
      const file = '/etc/hardening/nftables/hardening.nft';
      expect(await host.machine.run(['nft', '-c', '-f', file])).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
      const wide = treeFor(distribution, ['0.0.0.0/0', '192.0.2.0/24', '192.0.2.0/24', '::/0']);
      const text = textOf(wide, file.slice(1));
      expect(await host.machine.run(['nft', '-c', '-f', '-'], text)).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
      expect((await host.machine.run(['nft', '-c', '-f', '-'], `${text}\nwrong`)).status).toBe(1);
    });

    test('its unit and the drop-in pass `systemd-analyze verify`', async () => {
      const verify = ['systemd-analyze', 'verify', '--man=no'];
      const units = [`/etc/systemd/system/${service}`, '/usr/lib/systemd/system/nftables.service'];
      expect(await host.machine.run([...verify, ...units])).toEqual({ status: 0, stdout: '', stderr: '' });
      // Measured 2026-11-25 with systemd 252 and 257.
      expect(await exposureLevel(host.machine, units[0] ?? '')).toBe(
        distribution === 'debian-12' ? 1.6 : 1.4,
      );
    });

    test('without it, every port answers and every user reaches the world', async () => {
      for (const port of [gatewayPort, plainPort, otherPort]) expect(await fromOutside(port)).toBe('200');
      for (const user of ['nobody', 'ollama', 'hardening-gateway']) {
        expect(await asUser(user, network.outside, otherPort)).toBe('200');
        expect(await asUser(user, metadata, 80)).toBe('200');
      }
    });

    describe('when its unit has started', () => {
      beforeAll(async () => {
        await host.machine.output(['systemctl', 'enable', '--now', service]);
      });

      test.each([network.machine, network.machineIpv6])(
        '%s answers on the open ports alone',
        async (address) => {
          expect(await fromOutside(gatewayPort, address)).toBe('200');
          expect(await fromOutside(plainPort, address)).toBe('200');
          expect(await fromOutside(otherPort, address)).toBe('silence');
        },
      );

      test('SSH still gets through', async () => {
        expect(await host.ssh('echo in')).toMatchObject({ status: 0, stdout: 'in\n' });
      });

      test('networks that are not named get no answer', async () => {
        const elsewhere = '192.0.2.77';
        await host.outside(['ip', 'address', 'add', `${elsewhere}/24`, 'dev', 'outside']);
        const call = [...quickly, '--connect-timeout', '1', '--interface', elsewhere];
        expect(outcome(await host.outside([...call, `http://${network.machine}:${gatewayPort}/`]))).toBe(
          'silence',
        );
      });

      test('a port that something like Docker publishes is filtered before it is translated', async () => {
        await host.machine.output(
          ['nft', '-f', '-'],
          `table ip published {
            chain prerouting {
              type nat hook prerouting priority dstnat;
              tcp dport 9999 redirect to :${gatewayPort}
            }
          }`,
        );
        expect(await fromOutside(9999)).toBe('silence');
        // It is the filter that stops it.
        await host.machine.output(['nft', 'flush chain inet hardening prerouting']);
        expect(await fromOutside(9999)).toBe('200');
        await host.machine.output(['systemctl', 'reload', service]);
        expect(await fromOutside(9999)).toBe('silence');
        await host.machine.output(['nft', 'delete table ip published']);
      });

      test.each([
        ['root', { 53: '200', 80: '200', 443: '200', [otherPort]: '200' }],
        ['_apt', { 53: '200', 80: '200', 443: '200', [otherPort]: 'refused' }],
        ['do-agent', { 53: '200', 80: '200', 443: '200', [otherPort]: 'refused' }],
        ['systemd-timesync', { 53: '200', 80: 'refused', 443: 'refused', [otherPort]: 'refused' }],
        ['ollama', { 53: 'refused', 80: 'refused', 443: 'refused', [otherPort]: 'refused' }],
        ['hardening-gateway', { 53: 'refused', 80: 'refused', 443: 'refused', [otherPort]: 'refused' }],
        ['nobody', { 53: 'refused', 80: 'refused', 443: 'refused', [otherPort]: 'refused' }],
      ])('%s reaches what it has to', async (user, expected) => {
        for (const [port, what] of Object.entries(expected)) {
          expect([port, await asUser(user, network.outside, Number(port))]).toEqual([port, what]);
        }
      });

      test('every user reaches loopback', async () => {
        expect(await asUser('nobody', '127.0.0.1', otherPort)).toBe('200');
      });

      test.each([
        ['root', '200'],
        ['do-agent', '200'],
        ['_apt', 'refused'],
        ['nobody', 'refused'],
        ['hardening-gateway', 'refused'],
      ])('the metadata service for %s: %s', async (user, what) => {
        expect(await asUser(user, metadata, 80)).toBe(what);
      });

      test('what is routed, a container for example, reaches the world and no metadata service', async () => {
        await host.machine.output(['sh', '-ec', `
          ip netns add container
          ip link add veth0 type veth peer name eth0 netns container
          ip address add 198.51.100.1/24 dev veth0
          ip link set veth0 up
          ip -n container address add 198.51.100.2/24 dev eth0
          ip -n container link set eth0 up
          ip -n container route add default via 198.51.100.1
          sysctl -qw net.ipv4.ip_forward=1`]); // prettier-ignore
        await host.outside(['ip', 'route', 'add', '198.51.100.0/24', 'via', network.machine]);
        const inside = ['ip', 'netns', 'exec', 'container', ...quickly, '--connect-timeout', '3'];
        const call = async (address: string): Promise<string> =>
          outcome(await host.machine.run([...inside, `http://${address}:80/`]));
        expect(await call(network.outside)).toBe('200');
        expect(await call(metadata)).toBe('refused');
        await host.machine.output(['nft', 'flush chain inet hardening forward']);
        expect(await call(metadata)).toBe('200');
        await host.machine.output(['systemctl', 'reload', service]);
      });

      test("tables of others stay; Debian's nftables.service, which empties all, brings this one back", async () => {
        expect(await tables()).toBe('table inet others\ntable inet hardening\n');
        await host.machine.output(['systemctl', 'start', 'nftables.service']);
        expect(await tables()).toBe('table inet filter\ntable inet hardening\n');
        for (const action of ['reload', 'restart', 'stop']) {
          await host.machine.output(['systemctl', action, 'nftables.service']);
          expect(await tables()).toContain('table inet hardening\n');
        }
        expect(await fromOutside(otherPort)).toBe('silence');
      });

      test('a further port is open to its networks, and a further user reaches everything but the metadata service', async () => {
        const { machine } = host;
        const reason = 'Another service of the machine, for a test.';
        const more = {
          additionalInbound: [
            { port: otherPort, sources: [`${network.outside}/32`], reason },
            { port: 4_000, protocol: 'udp' as const, sources: ['2001:db8::/64'], reason },
          ],
          // Nobody has the second name: the others are not cut off for it.
          outboundUsers: ['nobody', 'somebody-else'],
        };
        const bring = async (tree: ReturnType<typeof treeFor>): Promise<void> => {
          const files = [...tree].filter(([path]) => /nftables/.test(path));
          await writeTree(machine, new Map(files));
          await machine.output(['systemctl', 'reload', service]);
        };
        // What a program of the machine hears over UDP at a port within a second.
        const heard = async (port: number, address: string): Promise<string> => {
          const target = address.includes(':') ? `[${address}]` : address;
          const listener = machine.start([
            'timeout',
            '10',
            'perl',
            '-MIO::Socket::IP',
            '-e',
            udpListener,
            String(port),
          ]);
          const ended = once(listener, 'close');
          let said = '';
          listener.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
          await untilHolds(() => said.includes('listening'), 'the listener');
          await host.outside(['bash', '-c', `echo heard >/dev/udp/${target.replace(/[[\]]/g, '')}/${port}`]);
          await ended;
          return said.replace('listening\n', '').trim();
        };
        expect(await heard(4_000, network.machineIpv6)).toBe('silence');
        await bring(treeFor(distribution, undefined, more));
        expect(await fromOutside(otherPort)).toBe('200');
        expect(await fromOutside(otherPort, network.machineIpv6)).toBe('silence');
        expect(await heard(4_000, network.machineIpv6)).toBe('heard');
        expect(await heard(4_000, network.machine)).toBe('silence');
        expect(await heard(4_001, network.machineIpv6)).toBe('silence');
        expect(await asUser('nobody', network.outside, otherPort)).toBe('200');
        expect(await asUser('nobody', metadata, 80)).toBe('refused');
        expect(await asUser('hardening-gateway', network.outside, otherPort)).toBe('refused');
        await bring(treeFor(distribution));
        expect(await fromOutside(otherPort)).toBe('silence');
        expect(await asUser('nobody', network.outside, otherPort)).toBe('refused');
      });

      test('a file that nftables refuses leaves the rules that are in force', async () => {
        const path = '/etc/hardening/nftables/hardening.nft';
        await host.machine.write(path, 'table inet hardening { chain input { no such rule } }\n');
        expect((await host.machine.run(['systemctl', 'reload', service])).status).not.toBe(0);
        expect(await fromOutside(gatewayPort)).toBe('200');
        expect(await fromOutside(otherPort)).toBe('silence');
        await host.machine.write(path, textOf(treeFor(distribution), path.slice(1)));
      });

      test('it is in force again after a boot', async () => {
        await host.powerCut();
        await host.machine.output(['systemctl', 'is-active', service]);
        expect(await tables()).toContain('table inet hardening\n');
      });

      test('stopping it removes its own table alone', async () => {
        await host.machine.output(['nft', 'add table inet others']);
        await host.machine.output(['systemctl', 'stop', service]);
        expect(await tables()).toMatch(/table inet others\n/);
        expect(await tables()).not.toContain('hardening');
      });
    });
  },
);
