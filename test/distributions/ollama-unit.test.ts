import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelStore, ollamaHome } from '../../lib/model/machine/ollama-unit.ts';
import { ollamaSocket } from '../../lib/model/placement.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { reasonNotToBoot } from './support/availability.ts';
import {
  curl,
  installGateway,
  machineTree,
  services,
  textOf,
  writeTree,
  type Installed,
  type MoreSections,
} from './support/gateway.ts';
import { bootRoot, type Machine } from './support/machine.ts';
import {
  exposureLevel,
  installOllamaProgram,
  ollamaService,
  proxyService,
  proxySocket,
  runInSandbox,
  unitProperty,
} from './support/ollama.ts';
import { debianRoot, debianSuites, rootTimeoutMs } from './support/root-cache.ts';
import { trials } from './support/sandbox-trials.ts';

const reason = reasonNotToBoot();
if (reason !== undefined) console.warn(`ollama-unit.test.ts: the units are not started here: it ${reason}`);

const gatewayService = 'hardening-gateway.service';

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'Ollama on a booted %s',
  (distribution) => {
    let machine: Machine;
    let installed: Installed;
    let folder: TemporaryFolder;

    beforeAll(async () => {
      folder = await temporaryFolder();
      machine = await bootRoot(await debianRoot(debianSuites[distribution]));
      installed = await installGateway(machine, distribution, folder.path, {});
      await installOllamaProgram(machine);
      await machine.output(['systemctl', 'daemon-reload']);
    }, rootTimeoutMs);
    afterAll(async () => {
      await machine.stop();
      await folder.remove();
    });

    const property = (unit: string, name: string): Promise<string> => unitProperty(machine, unit, name);
    const asUser = (user: string, command: readonly string[]): string[] => [
      ...['setpriv', '--reuid', user, '--regid', user, '--clear-groups', '--', ...command],
    ];
    const throughSocket = [
      'curl',
      '--silent',
      '--show-error',
      '--unix-socket',
      ollamaSocket,
      'http://ollama/',
    ];

    test('starts, and the gateway reaches it', async () => {
      await machine.output(['systemctl', 'start', proxySocket, ollamaService, gatewayService]);
      expect(await property(ollamaService, 'ActiveState')).toBe('active');
      await untilHolds(async () => (await machine.run(['test', '-s', '/run/hardening-gateway/nginx.pid'])).status === 0, gatewayService); // prettier-ignore
      const answer = await curl(machine, { service: 'ci' });
      expect(answer).toMatchObject({ status: 200 });
      expect(JSON.parse(answer.body)).toMatchObject({ path: '/api/tags' });
      expect(await curl(machine, {})).toMatchObject({ status: 401 });
      const units = [ollamaService, proxyService, proxySocket].flatMap((unit) => ['--unit', unit]);
      expect(await machine.output(['journalctl', ...units, '--output=cat', '--priority=warning'])).toBe('');
    });

    test('there is no port 11434 on the machine, and Ollama has one', async () => {
      const pid = await property(ollamaService, 'MainPID');
      // Local addresses of listeners (state 0A): proc_net_tcp in the kernel's documentation.
      const listeners = async (process: string): Promise<string[]> =>
        (await machine.output(['sh', '-c', `cat /proc/${process}/net/tcp /proc/${process}/net/tcp6`]))
          .split('\n')
          .map((line) => line.trim().split(/\s+/))
          .filter((fields) => fields[3] === '0A')
          .map((fields) => fields[1] ?? '');
      expect(await listeners(pid)).toEqual(['0100007F:2CAA']);
      expect((await listeners('self')).filter((address) => address.endsWith(':2CAA'))).toEqual([]);
    });

    test('Ollama has no network but loopback', async () => {
      // The machine has another one.
      await machine.output(['ip', 'link', 'add', 'outer', 'type', 'veth', 'peer', 'name', 'inner']);
      await machine.output(['ip', 'address', 'add', '192.0.2.1/24', 'dev', 'outer']);
      await machine.output(['ip', 'link', 'set', 'outer', 'up']);
      const pid = await property(ollamaService, 'MainPID');
      const read = async (file: string): Promise<string[]> =>
        (await machine.output(['cat', `/proc/${pid}/net/${file}`])).trim().split('\n');
      expect((await read('dev')).slice(2).map((line) => line.trim().split(':')[0])).toEqual(['lo']);
      expect((await read('route')).slice(1)).toEqual([]);
    });

    test("nobody but the gateway's user may open the socket", async () => {
      expect(await machine.output(['stat', '--format=%a %U %F', ollamaSocket])).toBe(
        '600 hardening-gateway socket\n',
      );
      for (const user of ['nobody', 'ollama', 'hardening-proxy']) {
        const { status, stderr } = await machine.run(
          asUser(user === 'nobody' ? '65534' : user, throughSocket),
        );
        expect({ user, status, stderr }).toEqual({ user, status: 7, stderr: expect.any(String) as string });
      }
      expect((await machine.run(asUser('hardening-gateway', throughSocket))).status).toBe(0);
    });

    test('a stream arrives as it is made', async () => {
      await machine.output(['rm', '-f', `${ollamaHome}/go-on`]);
      const stream = machine.start(['sh', '-c', [
        'exec curl --silent --no-buffer --cacert /etc/hardening/gateway/tls/ca.crt',
        '--cert /root/clients/ci.crt --key /root/clients/ci.key --resolve models.example.com:443:127.0.0.1',
        'https://models.example.com/ollama/api/ps'].join(' ')]); // prettier-ignore
      let text = '';
      stream.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
      await untilHolds(() => text.includes('"path"'), 'the first half');
      expect(text).not.toContain('second');
      await machine.output(['touch', `${ollamaHome}/go-on`]);
      await untilHolds(() => text.includes('"second"'), 'the second half');
    });

    test('a request in the middle of a restart waits for Ollama', async () => {
      await machine.output(['touch', `${ollamaHome}/hold`]);
      await machine.output(['systemctl', 'restart', '--no-block', ollamaService]);
      await untilHolds(
        async () => (await property(ollamaService, 'SubState')) === 'start-post',
        'the restart',
      );
      const answer = curl(machine, { service: 'ci' });
      await untilHolds(async () => (await property(proxyService, 'Job')) !== '', 'the request at the socket');
      await machine.output(['rm', `${ollamaHome}/hold`]);
      expect(await answer).toMatchObject({ status: 200 });
    });

    test.each([ollamaService, proxyService])('%s comes back when it is killed', async (unit) => {
      await curl(machine, { service: 'ci' });
      const pid = await property(unit, 'MainPID');
      await machine.output(['systemctl', 'kill', '--signal=KILL', unit]);
      await untilHolds(async () => !['0', pid].includes(await property(unit, 'MainPID')) || unit === proxyService, unit); // prettier-ignore
      await untilHolds(async () => (await curl(machine, { service: 'ci' })).status === 200, 'the gateway');
      expect(await property(unit, 'MainPID')).not.toBe(pid);
    });

    test('it runs as a user of its own, without capabilities, within limits', async () => {
      for (const [unit, user] of [
        [ollamaService, 'ollama'],
        [proxyService, 'hardening-proxy'],
      ] as const) {
        const status = await machine.output(['cat', `/proc/${await property(unit, 'MainPID')}/status`]);
        const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
        const uid = (await machine.output(['id', '-u', user])).trim();
        expect(field('Uid').split(/\s+/)).toEqual([uid, uid, uid, uid]);
        for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb'])
          expect(field(set)).toBe('0000000000000000');
        expect(field('NoNewPrivs')).toBe('1');
        expect(field('Seccomp')).toBe('2');
      }
      expect(await property(ollamaService, 'TasksMax')).toBe('2048');
      expect(await property(ollamaService, 'MemorySwapMax')).toBe('0');
      expect(await property(ollamaService, 'LimitCORE')).toBe('0');
    });

    test("Ollama's own unit goes off, and stays off when its install script starts it", async () => {
      const stock = 'ollama.service';
      const dropIn = `/etc/systemd/system/${stock}.d/50-hardening.conf`;
      await machine.write(
        `/etc/systemd/system/${stock}`,
        '[Service]\nExecStart=/usr/local/bin/ollama serve\nUser=ollama\nEnvironment=HOME=/var/lib/stock\n' +
          `Environment=OLLAMA_HOST=127.0.0.1:11434 OLLAMA_MODELS=${modelStore}\n\n[Install]\nWantedBy=default.target\n`,
      );
      await machine.output(['install', '-d', '-o', 'ollama', '/var/lib/stock']);
      // As it was before the kit came: it runs, for every local user.
      const text = await machine.output(['cat', dropIn]);
      await machine.output(['rm', dropIn]);
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'start', stock]);
      await untilHolds(
        async () => (await machine.run(['curl', '--silent', 'http://127.0.0.1:11434/'])).status === 0,
        stock,
      );
      // A release does no more than this with the drop-in.
      await machine.write(dropIn, text);
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'try-restart', stock]);
      expect(await property(stock, 'ActiveState')).toBe('inactive');
      await machine.run(['systemctl', 'restart', stock]);
      expect(await property(stock, 'ConditionResult')).toBe('no');
      expect(await property(stock, 'ActiveState')).toBe('inactive');
      expect((await machine.run(['curl', '--silent', 'http://127.0.0.1:11434/'])).status).toBe(7);
      expect(await curl(machine, { service: 'ci' })).toMatchObject({ status: 200 });
    });

    test('with the profile gpu it starts too, where there is no card', async () => {
      const path = `etc/systemd/system/${ollamaService}`;
      const gpu = machineTree(distribution, services, { ollama: { profile: 'gpu' } });
      // Of udev, which a machine with a card has.
      await machine.output(['groupadd', '--force', '--system', 'render']);
      await machine.write(`/${path}`, textOf(gpu, path));
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'restart', ollamaService]);
      expect(await curl(machine, { service: 'ci' })).toMatchObject({ status: 200 });
      const groups = await machine.output(['grep', '^Groups:', `/proc/${await property(ollamaService, 'MainPID')}/status`]); // prettier-ignore
      const ids = await machine.output(['getent', 'group', 'render', 'video']);
      for (const line of ids.trim().split('\n')) expect(groups.split(/\s+/)).toContain(line.split(':')[2]);
      await machine.write(`/${path}`, textOf(installed.tree, path));
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'restart', ollamaService]);
    });

    test('the store keeps the models of an earlier Ollama, and the unit cannot change them', async () => {
      const model = `${modelStore}/blobs/sha256-1`;
      await machine.write(model, 'weights');
      await machine.output(['chown', '-R', 'ollama:', '/usr/share/ollama']);
      await machine.output(['systemctl', 'restart', ollamaService]);
      const text = textOf(installed.tree, `etc/systemd/system/${ollamaService}`);
      const told = await runInSandbox(machine, text, [
        `exec 2>/dev/null`,
        `cat ${model}`,
        `echo`,
        `echo other >>${model} && echo changed`,
        `rm -f ${model} && echo removed`,
        'true',
      ].join('\n')); // prettier-ignore
      expect(told.filter(Boolean)).toEqual(['weights']);
      expect(await machine.output(['cat', model])).toBe('weights');
    });

    describe('judged by systemd-analyze', () => {
      // Measured 2026-11-24 with the systemd of each, 252 and 257. Of 10, which is no sandbox at all.
      const levels = {
        'debian-12': { cpu: 0.7, gpu: 0.9, loopback: 1.1, proxy: 0.7 },
        'debian-13': { cpu: 0.5, gpu: 0.7, loopback: 0.9, proxy: 0.5 },
      };

      /** Puts the units of a configuration beside those that run, and returns their paths. */
      const unitsOf = async (more: MoreSections): Promise<{ ollama: string; proxy: string }> => {
        const tree = machineTree(distribution, [], more);
        const folder = '/run/judged';
        await writeTree(
          machine,
          new Map([...tree].filter(([path]) => path.includes('hardening-ollama'))),
          folder,
        );
        return {
          ollama: `${folder}/etc/systemd/system/${ollamaService}`,
          proxy: `${folder}/etc/systemd/system/${proxyService}`,
        };
      };

      test.each([
        ['cpu', {}],
        ['gpu', { ollama: { profile: 'gpu' } }],
        ['loopback', { ollama: { isolation: 'loopback' } }],
      ] as const)('the exposure of Ollama with %s', async (name, more) => {
        const { ollama } = await unitsOf(more);
        expect(await exposureLevel(machine, ollama)).toBe(levels[distribution][name]);
      });

      test('the exposure of the proxy', async () => {
        const { proxy } = await unitsOf({});
        expect(await exposureLevel(machine, proxy)).toBe(levels[distribution].proxy);
      });

      test('the units are verified without a word', async () => {
        const units = [ollamaService, proxyService, proxySocket].map((unit) => `/etc/systemd/system/${unit}`);
        const verify = ['systemd-analyze', 'verify', '--man=no', ...units];
        expect(await machine.run(verify)).toEqual({ status: 0, stdout: '', stderr: '' });
      });
    });

    describe.each([
      [ollamaService, ['/dev/shm', '/tmp', ollamaHome, `${ollamaHome}/.ollama`, '/var/tmp']],
      [proxyService, []],
    ])('the sandbox of %s', (unit, writable) => {
      const text = (): string => textOf(installed.tree, `etc/systemd/system/${unit}`);

      beforeAll(async () => {
        await machine.output(['mkdir', '-p', '/home/someone']);
        await machine.output(['touch', '/dev/trial']);
        // Whatever the mode of a folder allows, the sandbox is what is tried.
        for (const folder of ['/usr/open', '/run/open', '/opt/open', '/var/lib/open', '/etc/open']) {
          await machine.output(['install', '--directory', '--mode=0777', folder]);
        }
      });

      test('a program may write to what is its own, and run nothing of it', async () => {
        const told = await runInSandbox(
          machine,
          text(),
          `for folder in $(find / -path /proc -prune -o -path /dev/mqueue -prune -o -type d -writable -print); do
            cp /usr/bin/true "$folder/true" && if "$folder/true"; then echo "$folder: runs"; else echo "$folder: writes"; fi
          done`,
        );
        expect(told.filter((line) => /^\/\S+: (?:runs|writes)$/.test(line)).sort()).toEqual(
          writable.map((path) => `${path}: writes`).sort(),
        );
      });

      test.each(trials)('a program cannot $name; without it, it can', async ({ command }) => {
        const told = await runInSandbox(machine, text(), `if ${command}; then echo it could; else echo it could not; fi`); // prettier-ignore
        expect(told.filter((line) => line.startsWith('it could'))).toEqual(['it could not']);
        expect((await machine.run(['sh', '-c', command])).status).toBe(0);
      });
    });
  },
);
