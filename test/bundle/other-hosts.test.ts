import { execFile } from 'node:child_process';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonNotToBoot, hostRelease } from '../distributions/support/availability.ts';
import { bootRoot, type BootedMachine } from '../distributions/support/machine.ts';
import { debianRoot, rootTimeoutMs, type DebianSuite } from '../distributions/support/root-cache.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { hardeningJson } from './support/command.ts';
import { bringBundle, callAs, install, unit } from './support/forwarder-host.ts';
import { startInsideGateway, type InsideGateway } from './support/inside-gateway.ts';
import { nginxPackages, packages } from './support/nginx-packages.ts';

const suites: readonly DebianSuite[] = ['bookworm', 'trixie'];
// Packages are to be had for the release that this machine runs.
const suite = suites.find((name) => name === hostRelease());
const reason =
  reasonNotToBoot() ?? (suite === undefined ? 'runs no release that has a root here' : undefined);
if (reason !== undefined) console.warn(`other-hosts.test.ts: no host is tried here: it ${reason}`);

describe.skipIf(reason !== undefined)('on a host', () => {
  let machine: BootedMachine;
  let gateway: InsideGateway;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    folder = await temporaryFolder();
    machine = await bootRoot(await debianRoot(suite ?? 'trixie', 'host'));
    await machine.output(['sh', '-c', 'echo 127.0.0.1 gateway.test forwarder >>/etc/hosts']);
    await machine.output(['useradd', 'livereview']);
    gateway = await startInsideGateway(machine, 8_443);
  }, rootTimeoutMs);
  afterAll(async () => {
    await gateway.stop();
    await machine.stop();
    await folder.remove();
  });

  test(
    'without nginx, it is installed, and its own site is started neither now nor at the next boot',
    { timeout: rootTimeoutMs },
    async () => {
      await promisify(execFile)('cp', ['-r', await nginxPackages(), machine.hostPath('/root/packages')]);
      // The machines of these tests have it masked.
      await machine.output(['rm', '/etc/systemd/system/nginx.service']);
      await machine.output(['sh', '-c', `dpkg --purge ${packages.join(' ')} >/dev/null`]);
      await machine.output(['sh', '-c', 'rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*']);
      await machine.write('/etc/apt/sources.list', 'deb [trusted=yes] file:/root/packages ./\n');
      expect(await machine.run(['test', '-e', '/usr/sbin/nginx'])).toMatchObject({ status: 1 });
      await bringBundle(machine, gateway, ['--for-user', 'livereview']);
      const { status, stdout, stderr } = await install(machine);
      expect(stdout, stderr).toContain('installs nginx-light');
      expect(stdout).toContain('the gateway lets this machine in');
      expect(status).toBe(0);
      expect((await machine.run(['systemctl', 'is-active', 'nginx'])).stdout).toBe('inactive\n');
      expect((await machine.run(['systemctl', 'is-enabled', 'nginx'])).stdout).toBe('disabled\n');
      expect(await machine.run(['sh', '-c', 'ss -Htln sport = :80 | grep .'])).toMatchObject({ status: 1 });
      expect(await install(machine, '--remove')).toMatchObject({ status: 0 });
    },
  );

  test('a bundle that was copied with its links followed is installed all the same', async () => {
    await bringBundle(machine, gateway, ['--for-user', 'livereview']);
    await machine.output([
      'sh',
      '-c',
      'cp -rL /root/bundle /root/copied && rm -r /root/bundle && mv /root/copied /root/bundle',
    ]);
    expect(await install(machine)).toMatchObject({ status: 0 });
    expect(await install(machine, '--remove')).toMatchObject({ status: 0 });
  });

  test('that keeps its own key: refused without it, with another, and with one that others may read', async () => {
    const pki = join(folder.path, 'pki');
    await cp(gateway.pkiDirectory, pki, { recursive: true });
    const key = await readFile(join(pki, 'secrets/ci-1.key'), 'utf8');
    const other = await readFile(join(pki, 'secrets/server.key'), 'utf8');
    await rm(join(pki, 'secrets/ci-1.key'));
    await bringBundle(machine, gateway, ['--for-user', 'livereview', '--pki', pki]);
    const refused = async (reason: RegExp, ...parameters: readonly string[]): Promise<void> => {
      const { status, stderr } = await install(machine, ...parameters);
      expect(stderr).toMatch(reason);
      expect(stderr).not.toContain('PRIVATE KEY');
      expect(status).toBe(2);
      expect(await machine.run(['test', '-e', '/etc/hardening-forwarder/current'])).toMatchObject({
        status: 1,
      });
    };
    await refused(/no private key at \/root\/bundle\/key\.pem/);
    await machine.write('/root/own.key', key, 0o644);
    await refused(/others than its owner may use/, '--key', '/root/own.key');
    await machine.write('/root/other.key', other, 0o600);
    await refused(/is not the one of this certificate/, '--key', '/root/other.key');
    await machine.output(['chmod', '0600', '/root/own.key']);
    expect(await install(machine, '--key', '/root/own.key')).toMatchObject({ status: 0 });
    expect(await callAs(machine, 'livereview')).toBe('200');
    // Beside the script it is found by itself.
    await machine.output(['cp', '-p', '/root/own.key', '/root/bundle/key.pem']);
    expect(await install(machine)).toMatchObject({ status: 0 });
    expect(await install(machine, '--remove')).toMatchObject({ status: 0 });
  });

  test('a certificate that has ended, and one of another CA, are refused', async () => {
    await bringBundle(machine, gateway, ['--for-user', 'livereview']);
    await machine.output(['cp', '/root/bundle/current/certificate.pem', '/root/bundle/current/ca.pem']);
    const { status, stderr } = await install(machine);
    expect(stderr).toContain('is not one of its CA');
    expect(status).toBe(2);
    expect(await machine.run(['systemctl', 'is-active', unit])).not.toMatchObject({ status: 0 });
  });

  test('in a container: the files for it serve the name of the network, as the user that owns the bundle', async () => {
    const out = join(folder.path, 'compose');
    const { configFile, pkiDirectory } = gateway;
    const { version } = await hardeningJson([
      ...['bundle', 'ci', '--config', configFile, '--pki', pkiDirectory, '--out', out, '--json'],
    ]);
    const name = String(version);
    const place = `/etc/hardening-forwarder/versions/${name}`;
    // What compose.yaml mounts, and where; nothing of Docker is here, so of its own words only the syntax is judged.
    const compose = await readFile(join(out, 'compose.yaml'), 'utf8');
    expect(compose).toContain(`source: ./versions/${name}\n        target: ${place}\n`);
    expect(compose).not.toMatch(/^\s*ports:/m);
    await expect(format(compose, { parser: 'yaml' })).resolves.toContain('internal: true');
    const command = /entrypoint: (\[.*\])/.exec(compose)?.[1] ?? '[]';
    await machine.output(['sh', '-c', `mkdir -p ${place} && install -d -m 1777 /run/hardening-forwarder`]);
    await promisify(execFile)('cp', ['-rT', join(out, 'versions', name), machine.hostPath(place)]);
    await machine.output(['chown', '-R', 'livereview:livereview', place]);
    const nginx = machine.start([
      ...['setpriv', '--reuid=livereview', '--regid=livereview', '--clear-groups'],
      // A pipe of that user, as a container has for its output.
      ...['sh', '-c', '"$@" | cat', 'sh', ...(JSON.parse(command) as string[])],
    ]);
    let said = '';
    let log = '';
    nginx.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    nginx.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
    await untilHolds(
      async () => (await machine.run(['curl', '-s', 'http://127.0.0.1:11434/'])).status === 0,
      'nginx',
      () => said,
    );
    expect(await callAs(machine, 'livereview', ['http://forwarder:11434/ollama/api/tags'])).toBe('200');
    expect(
      await callAs(machine, 'livereview', ['-H', 'Host: evil.example', 'http://forwarder:11434/api/tags']),
    ).toBe('421');
    await untilHolds(
      () => log.includes('"request_uri":"/ollama/api/tags"'),
      'the log',
      () => log,
    );
    await machine.output(['sh', '-c', 'kill -QUIT "$(cat /run/hardening-forwarder/nginx.pid)"']);
    await untilHolds(() => nginx.exitCode !== null, 'the end of nginx');
    expect(nginx.exitCode).toBe(0);
  });
});
