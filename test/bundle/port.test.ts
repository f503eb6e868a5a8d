import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonNotToBoot } from '../distributions/support/availability.ts';
import { bootRoot, type BootedMachine } from '../distributions/support/machine.ts';
import { debianRoot, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { bringBundle, callAs, install, unit } from './support/forwarder-host.ts';
import { startInsideGateway, type InsideGateway } from './support/inside-gateway.ts';

const reason = reasonNotToBoot();
if (reason !== undefined) console.warn(`port.test.ts: no port is kept here: it ${reason}`);

const cable = { machine: 'cable0', outside: 'rhk-port0' };
const [address, neighbour] = ['192.0.2.1', '192.0.2.2'];

/** Takes one connection at an address, says what comes over it, and answers. `BACKLOG ADDRESS`. */
const squatter = `
use Socket qw(:all); use IO::Handle; STDOUT->autoflush(1);
my ($backlog, $address) = @ARGV;
my $is4 = $address !~ /:/;
socket(my $s, $is4 ? PF_INET : PF_INET6, SOCK_STREAM, 0) or die;
setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
my $raw = inet_pton($is4 ? AF_INET : AF_INET6, $address);
bind($s, $is4 ? pack_sockaddr_in(11434, $raw) : pack_sockaddr_in6(11434, $raw)) or die "bind: $!";
listen($s, $backlog) or die; print "listens\\n";
accept(my $c, $s) or die; sysread($c, my $text, 4096); print "stolen $text\\n";
syswrite($c, "HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n");
`;

/** Runs a command of this machine, which may fail. */
function onHost([program = '', ...parameters]: readonly string[]): Promise<{ stdout: string }> {
  return new Promise((settle) => execFile(program, parameters, (_error, stdout) => settle({ stdout })));
}

describe.skipIf(reason !== undefined)("the forwarder's port", () => {
  let machine: BootedMachine;
  let gateway: InsideGateway;

  beforeAll(async () => {
    machine = await bootRoot(await debianRoot('trixie', 'host'), { cable });
    await machine.output(['sh', '-c', 'echo 127.0.0.1 gateway.test >>/etc/hosts']);
    for (const user of ['livereview', 'mallory']) await machine.output(['useradd', user]);
    gateway = await startInsideGateway(machine, 8_443);
    await bringBundle(machine, gateway, ['--for-user', 'livereview']);
    expect(await install(machine)).toMatchObject({ status: 0 });
  }, rootTimeoutMs);
  afterAll(async () => {
    await gateway.stop();
    await machine.stop();
  });

  /** What a user's program on the port gets of a call by the user that the forwarder is for. */
  const stolenBy = async (user: string, listen: string, call: string, backlog = 5): Promise<string> => {
    const program = machine.start([
      ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups'],
      ...['perl', '-e', squatter, String(backlog), listen],
    ]);
    let said = '';
    let problem = '';
    program.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    program.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text));
    const ended = new Promise((settle) => program.once('close', settle));
    await untilHolds(
      () => said.includes('listens'),
      'the program on the port',
      () => problem,
    );
    await machine.run([
      ...['setpriv', '--reuid=livereview', '--regid=livereview', '--init-groups'],
      ...['curl', '--silent', '--max-time', '3', '--noproxy', '*', '--data', 'a-prompt', call],
    ]);
    await machine.run(['pkill', '--exact', '--uid', user, 'perl']);
    await ended;
    return said.replace('listens\n', '');
  };

  describe('while the forwarder is down', () => {
    beforeAll(() => machine.output(['systemctl', 'stop', unit]));
    afterAll(() => machine.output(['systemctl', 'start', unit]));

    test.each([
      ['127.0.0.1', 'http://127.0.0.1:11434/api/generate'],
      ['0.0.0.0', 'http://127.0.0.1:11434/api/generate'],
      ['::', 'http://127.0.0.1:11434/api/generate'],
      ['::1', 'http://localhost:11434/api/generate'],
    ])('nobody else gets a prompt at %s', async (listen, call) => {
      expect(await stolenBy('mallory', listen, call)).toBe('');
    });

    // The kernel may answer by SYN cookies then, which belong to no user.
    test('nobody else gets one with an empty backlog', async () => {
      expect(await stolenBy('mallory', '127.0.0.1', 'http://127.0.0.1:11434/', 0)).toBe('');
    });

    test('nor when nftables.service has emptied the ruleset', async () => {
      for (const action of ['restart', 'stop']) {
        await machine.output(['systemctl', action, 'nftables.service']);
        expect(await stolenBy('mallory', '127.0.0.1', 'http://127.0.0.1:11434/'), action).toBe('');
      }
    });

    test('a call is refused at once where nobody listens', async () => {
      expect(await callAs(machine, 'livereview')).toBe('refused');
    });

    test('its own user would get one', async () => {
      expect(await stolenBy('hardening-forwarder', '127.0.0.1', 'http://127.0.0.1:11434/')).toContain(
        'a-prompt',
      );
    });
  });

  test('is kept from others when the forwarder was killed', async () => {
    const overlay = '/run/systemd/system/hardening-forwarder.service.d';
    await machine.write(`${overlay}/no-restart.conf`, '[Service]\nRestart=no\n');
    await machine.output(['systemctl', 'daemon-reload']);
    await machine.output(['systemctl', 'kill', '--signal=KILL', unit]);
    await untilHolds(
      async () => (await machine.run(['systemctl', 'is-failed', unit])).stdout === 'failed\n',
      'the end of the forwarder',
    );
    expect(await stolenBy('mallory', '127.0.0.1', 'http://127.0.0.1:11434/')).toBe('');
    await machine.output(['rm', '-r', overlay]);
    await machine.output(['systemctl', 'daemon-reload']);
    await machine.output(['systemctl', 'start', unit]);
    expect(await callAs(machine, 'livereview')).toBe('200');
  });

  test('is out of reach for a neighbour that is led to loopback', async () => {
    await machine.output(['ip', 'address', 'add', `${address}/24`, 'dev', cable.machine]);
    await machine.output(['ip', 'link', 'set', cable.machine, 'up']);
    const outside = (command: readonly string[]) => onHost(machine.fromOutside(command));
    await outside(['ip', 'address', 'add', `${neighbour}/24`, 'dev', cable.outside]);
    await outside(['ip', 'link', 'set', cable.outside, 'up']);
    await onHost(machine.inNetwork(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet']));
    // As a container engine does for a published port.
    await machine.output(
      ['nft', '-f', '-'],
      `table ip publish {
        chain prerouting {
          type nat hook prerouting priority dstnat; policy accept;
          iifname ${cable.machine} tcp dport 8443 dnat to 127.0.0.1:8443
          iifname ${cable.machine} tcp dport 8080 dnat to 127.0.0.1:11434
        }
      }
`,
    );
    const call = async (url: string): Promise<string> => {
      const { stdout } = await outside([
        ...['curl', '--silent', '--insecure', '--max-time', '3', '--noproxy', '*', '--output', '/dev/null'],
        ...['--write-out', '%{http_code}', '--header', 'Host: localhost', url],
      ]);
      return stdout;
    };
    // The way is there: the gateway answers over it.
    expect(await call(`https://${address}:8443/api/version`)).toMatch(/^4/);
    expect(await call(`http://${address}:8080/api/version`)).toBe('000');
    expect(await callAs(machine, 'livereview')).toBe('200');
  });

  test('is kept from the start of the next boot on, also without a forwarder', async () => {
    await machine.output(['systemctl', 'disable', unit]);
    await machine.powerCut();
    expect(await machine.output(['nft', 'list', 'tables'])).toContain('hardening_forwarder_port');
    expect(await machine.run(['systemctl', 'is-active', unit])).not.toMatchObject({ status: 0 });
    const since = async (name: string): Promise<number> =>
      Number(
        await machine.output([
          ...['systemctl', 'show', '--value', '--property', 'ActiveEnterTimestampMonotonic', name],
        ]),
      );
    const kept = await since('hardening-forwarder-port.service');
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(await since('sysinit.target'));
    expect(await stolenBy('mallory', '127.0.0.1', 'http://127.0.0.1:11434/')).toBe('');
  });
});
