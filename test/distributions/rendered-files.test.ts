import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machinePaths } from '../../lib/model/placement.ts';
import { distributionPlatforms } from '../../lib/model/platform.ts';
import type { ProbeReport } from '../../lib/probe/index.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { runProbe } from '../probe/support/run-command.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { reasonToSkip } from './support/availability.ts';
import {
  curl,
  installGateway,
  machineTree,
  sClient,
  serverName,
  services,
  textOf,
  unitPath,
  writeTree,
  type Call,
  type Installed,
} from './support/gateway.ts';
import { enterRoot, type Machine, type Result } from './support/machine.ts';
import { debianRoot, debianSuites, rootTimeoutMs } from './support/root-cache.ts';
import { makeFolders, startAsUnit, type RunningGateway } from './support/running-gateway.ts';
import { asUnit, only, readUnit } from './support/unit-file.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';

const reason = reasonToSkip();
if (reason !== undefined)
  console.warn(`rendered-files.test.ts: the distributions are not tested here: it ${reason}`);

const distributions = ['debian-12', 'debian-13'] as const;
const mainFile = '/etc/hardening/gateway/nginx.conf';

describe.skipIf(reason !== undefined).each(distributions)('the rendered files on %s', (distribution) => {
  const hasPostQuantum = distribution === 'debian-13';
  let machine: Machine;
  let installed: Installed;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    folder = await temporaryFolder();
    machine = await enterRoot(await debianRoot(debianSuites[distribution]));
    installed = await installGateway(machine, distribution, folder.path);
  }, rootTimeoutMs);
  afterAll(async () => {
    await machine.stop();
    await folder.remove();
  });

  const unit = (name: string): string[] => readUnit(textOf(installed.tree, unitPath))(name);
  /** `nginx -t`, with the unit's limit of files: more connections than that are worth a warning to nginx. */
  const nginxTest = (as: 'root' | 'user', file = mainFile): Promise<Result> => {
    const command = ['nginx', '-t', '-e', 'stderr', '-c', file];
    return machine.run(
      as === 'user'
        ? asUnit(unit, command.join(' '))
        : ['prlimit', `--nofile=${only(unit('LimitNOFILE'))}`, '--', ...command],
    );
  };

  test('were made for the versions that it has', async () => {
    const { stderr } = await machine.run(['nginx', '-V']);
    const { nginxVersion, openSslVersion } = distributionPlatforms[distribution];
    expect(/^nginx version: nginx\/(\S+)/m.exec(stderr)?.[1]).toBe(nginxVersion.join('.'));
    // The last number is the package's: it grows with security updates and changes nothing that the files depend on.
    expect(/OpenSSL (\d+\.\d+)\.\d+/.exec(stderr)?.[1]).toBe(openSslVersion.slice(0, 2).join('.'));
    const { stdout } = await machine.run(['openssl', 'version']);
    expect(stdout).toContain(`OpenSSL ${openSslVersion.slice(0, 2).join('.')}.`);
  });

  test.each(['root', 'user'] as const)('pass `nginx -t` as %s without a warning', async (as) => {
    await makeFolders(machine, installed);
    expect(await nginxTest(as)).toEqual({
      status: 0,
      stdout: '',
      stderr: [
        `nginx: the configuration file ${mainFile} syntax is ok`,
        `nginx: configuration file ${mainFile} test is successful`,
        '',
      ].join('\n'),
    });
  });

  test("do not pass it when they are another distribution's: the configuration has to name the right one", async () => {
    const other = distribution === 'debian-12' ? 'debian-13' : 'debian-12';
    await makeFolders(machine, installed);
    await writeTree(machine, machineTree(other, services), '/tmp/other');
    const { status, stderr } = await nginxTest('root', `/tmp/other${mainFile}`);
    if (distribution === 'debian-12') {
      expect(stderr).toContain('unknown directive "http2"');
      expect(status).toBe(1);
    } else {
      expect(stderr).toContain('the "listen ... http2" directive is deprecated');
    }
  });

  test('pass `systemd-analyze verify`: the unit and the drop-in of Ollama, without a word', async () => {
    // As Ollama's install script writes them, in short.
    await machine.write('/usr/local/bin/ollama', '#!/bin/sh\n', 0o755);
    await machine.write(
      '/etc/systemd/system/ollama.service',
      '[Unit]\nDescription=Ollama Service\nAfter=network-online.target\n\n' +
        '[Service]\nExecStart=/usr/local/bin/ollama serve\nUser=ollama\nGroup=ollama\nRestart=always\nRestartSec=3\n' +
        'Environment="PATH=/usr/bin:/bin"\n\n[Install]\nWantedBy=default.target\n',
    );
    // The root has no manual pages.
    const verify = ['systemd-analyze', 'verify', '--man=no'];
    const units = [`/${unitPath}`, '/etc/systemd/system/ollama.service'];
    expect(await machine.run([...verify, ...units])).toEqual({ status: 0, stdout: '', stderr: '' });
    // It can fail: it reads the drop-in.
    const dropIn = '/etc/systemd/system/ollama.service.d/99-wrong.conf';
    await machine.write(dropIn, '[Service]\nNoSuchSetting=1\n');
    expect((await machine.run([...verify, ...units])).stderr).toContain('NoSuchSetting');
    await machine.output(['rm', dropIn]);
  });

  test('leave the unit little to break out with: `systemd-analyze security`', async () => {
    const { stdout } = await machine.run([
      ...['systemd-analyze', 'security', '--offline=true', '--no-pager', `/${unitPath}`],
    ]);
    const level = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
    expect(level).toBeGreaterThan(0);
    // Measured 2026-11-24: 1.6 with systemd 252, 1.4 with 257. Of 10, which is no sandbox at all.
    expect(level).toBeLessThanOrEqual(distribution === 'debian-12' ? 1.6 : 1.4);
  });

  test('rotate their logs: `logrotate -d` finds no error', async () => {
    const { status, stderr } = await machine.run(['logrotate', '-d', '/etc/logrotate.d/hardening-gateway']);
    expect(stderr).toContain('rotating pattern: /var/log/hardening-gateway/*.log');
    expect(stderr).not.toContain('error:');
    expect(status).toBe(0);
  });

  describe('with its nginx running as the unit starts it', () => {
    let gateway: RunningGateway;
    let upstream: Upstream;

    beforeAll(async () => {
      await makeFolders(machine, installed);
      upstream = await startUpstream(machine);
      gateway = await startAsUnit(machine, installed);
    });
    afterAll(async () => {
      await upstream.stop();
    });

    /** Makes a call and returns it with what reached the upstream. */
    const call = async (options: Call): Promise<[Awaited<ReturnType<typeof curl>>, Upstream['requests']]> => {
      upstream.requests.length = 0;
      return [await curl(machine, options), upstream.requests];
    };

    describe.each([
      ['--http1.1', '1.1'],
      ['--http2', '2'],
    ] as const)('curl %s', (protocol, version) => {
      test('200 for a service, and only listed headers reach Ollama', async () => {
        const strange = [
          'Authorization: Bearer x',
          'Cookie: a=b',
          'Origin: https://evil.example',
          'X-Service-Name: root',
        ];
        const [answer, requests] = await call({
          service: 'ci',
          protocol,
          more: [...strange, 'X-Forwarded-For: 10.0.0.1'].flatMap((header) => ['--header', header]),
        });
        expect(answer).toMatchObject({ status: 200, version });
        expect(JSON.parse(answer.body)).toHaveProperty('models');
        expect(requests.map(({ method, target }) => `${method} ${target}`)).toEqual(['GET /api/tags']);
        expect(requests[0]?.headers).toEqual([
          ['Host', 'localhost:11434'],
          ['Accept', '*/*'],
          ['X-Request-Id', expect.stringMatching(/^[0-9a-f]{32}$/) as string],
          ['X-Service-Name', 'ci'],
        ]);
      });

      test('200 for an inference, with its body', async () => {
        const body = '{"model":"stand-in","messages":[{"role":"user","content":"hello"}]}';
        const [answer, requests] = await call({
          service: 'ci',
          protocol,
          path: '/ollama/api/chat',
          more: ['--header', 'Content-Type: application/json', '--data-binary', '@-'],
          input: body,
        });
        expect(answer).toMatchObject({ status: 200, version });
        expect(JSON.parse(answer.body.trim().split('\n').at(-1) ?? '')).toMatchObject({ done: true });
        expect(requests).toHaveLength(1);
        expect(Object.fromEntries(requests[0]?.headers ?? [])).toEqual({
          Host: 'localhost:11434',
          'Content-Length': String(body.length),
          'Content-Type': 'application/json',
          Accept: '*/*',
          'X-Request-Id': expect.any(String) as string,
          'X-Service-Name': 'ci',
        });
      });

      test.each([
        ['401 without a certificate', undefined, 401],
        ["401 for another CA's certificate with a service's name", 'foreign', 401],
      ])('%s', async (_name, service, status) => {
        const [answer, requests] = await call({ protocol, ...(service === undefined ? {} : { service }) });
        expect(answer).toMatchObject({ status, version });
        expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) as string });
        expect(requests).toEqual([]);
      });

      test.each([
        ['POST', '/ollama/api/pull'],
        ['DELETE', '/ollama/api/delete'],
        ['POST', '/ollama/api/create'],
      ])('403 for %s %s', async (method, path) => {
        const [answer, requests] = await call({ service: 'ci', protocol, path, more: ['--request', method] });
        expect(answer).toMatchObject({ status: 403, version });
        expect(requests).toEqual([]);
      });
    });

    test('the plain port answers 401', async () => {
      upstream.requests.length = 0;
      const plain = ['--silent', '--write-out', '\n%{http_code}', 'http://127.0.0.1/ollama/api/tags'];
      const stdout = await machine.output(['curl', ...plain]);
      expect(stdout.split('\n').at(-1)).toBe('401');
      expect(upstream.requests).toEqual([]);
    });

    test('TLS 1.2 is refused', async () => {
      const { status, stderr } = await sClient(machine, 'ci', ['-tls1_2']);
      expect(stderr).toContain('alert protocol version');
      expect(status).not.toBe(0);
    });

    test('a client with X25519 alone is served', async () => {
      const { stdout } = await sClient(machine, 'ci', ['-groups', 'X25519']);
      expect(stdout).toMatch(/(?:Server|Peer) Temp Key: X25519,/);
      expect(stdout).toContain('HTTP/1.1 200 OK');
    });

    test(`X25519MLKEM768 is ${hasPostQuantum ? 'negotiated' : 'not there'}`, async () => {
      const { status, stdout, stderr } = await sClient(machine, 'ci', ['-groups', 'X25519MLKEM768']);
      if (hasPostQuantum) {
        expect(stdout).toContain('Negotiated TLS1.3 group: X25519MLKEM768');
        expect(stdout).toContain('HTTP/1.1 200 OK');
        // What OpenSSL offers by itself ends there too.
        const all = await sClient(machine, 'ci');
        expect(all.stdout).toContain('Negotiated TLS1.3 group: X25519MLKEM768');
      } else {
        expect(status).not.toBe(0);
        expect(stderr).toContain('X25519MLKEM768');
      }
    });

    test('the access log names the service, one JSON object a line', async () => {
      const path = '/ollama/api/version';
      const id = 'a%22%5c%0a%C3%A9';
      await call({ service: 'ci', path: `${path}?${id}` });
      let lines: Record<string, unknown>[] = [];
      // It is written once a second.
      await untilHolds(async () => {
        const log = await machine.output(['cat', `${machinePaths.logDirectory}/access.log`]);
        lines = log
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        return lines.some((line) => line['request_uri'] === path);
      }, 'the line in the access log');
      expect(lines.find((line) => line['request_uri'] === path)).toMatchObject({
        status: 200,
        service: 'ci',
        client_verify: 'SUCCESS',
        tls_version: 'TLSv1.3',
        method: 'GET',
        upstream_status: '200',
      });
      expect(lines.some((line) => line['client_verify'] === 'NONE' && line['status'] === 401)).toBe(true);
    });

    test('an identity taken out is refused after the reload, on a saved session too', async () => {
      await machine.output(['rm', '-f', '/root/session.pem']);
      const before = await sClient(machine, 'leaver', ['-sess_out', '/root/session.pem']);
      expect(before.stdout).toContain('HTTP/1.1 200 OK');
      expect(await machine.output(['cat', '/root/session.pem'])).toContain('BEGIN SSL SESSION PARAMETERS');

      await writeTree(
        machine,
        machineTree(
          distribution,
          services.filter((name) => name !== 'leaver'),
        ),
      );
      const earlier = await acceptingWorkers(machine);
      await gateway.reload();
      // For a moment workers of both accept connections.
      await untilHolds(async () => {
        const now = await acceptingWorkers(machine);
        return now.length > 0 && !now.some((pid) => earlier.includes(pid));
      }, 'the reload');

      upstream.requests.length = 0;
      const after = await sClient(machine, 'leaver', ['-sess_in', '/root/session.pem']);
      expect(after.stdout).toContain('HTTP/1.1 401 Unauthorized');
      expect(after.stdout).not.toContain('Reused, TLSv1.3');
      expect(upstream.requests).toEqual([]);
      expect(await curl(machine, { service: 'ci' })).toMatchObject({ status: 200 });
    });

    test('our probe, from outside of loopback: it holds, but for what OpenSSL 3.0 lacks', async () => {
      const { ca, clients } = installed.pki;
      const [ci] = clients;
      // 127.0.0.2 is not Ollama's address: whoever calls it meets the gateway alone, as on an outer interface.
      const { stdout, stderr } = await runProbe(
        [
          ...['127.0.0.2', '--server-name', serverName, '--ca', ca.certificate, '--json'],
          ...['--cert', ci?.certificate ?? '', '--key', ci?.key ?? ''],
        ],
        {},
        machine.inNetwork([]),
      );
      expect(stderr).toBe('');
      const report = JSON.parse(stdout) as ProbeReport;
      // The stream's rhythm needs a model, and is judged elsewhere.
      expect(report.checks.filter(({ outcome }) => outcome === 'skipped').map(({ id }) => id)).toEqual([
        'stream',
      ]);
      const notPassed = report.checks
        .filter(({ outcome }) => outcome !== 'pass' && outcome !== 'skipped')
        .map(({ id }) => id);
      const found = report.findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
      expect(notPassed).toEqual(hasPostQuantum ? [] : ['key-exchange']);
      expect(found).toEqual(hasPostQuantum ? [] : ['no-post-quantum-key-exchange']);
      expect(report.verdict).toBe(hasPostQuantum ? 'holds' : 'findings');
      const groups = report.findings.find(({ id }) => id === 'key-exchange-groups')?.seen ?? '';
      expect(groups.includes('X25519MLKEM768')).toBe(hasPostQuantum);
      expect(groups).toMatch(/\bx25519\b/);
    });

    test('it ends in order, and its error log holds nothing above a notice', async () => {
      expect(await gateway.stop()).toBe(0);
      const log = await machine.output(['cat', `${machinePaths.logDirectory}/error.log`]);
      expect(log).toContain('[notice]');
      expect(log.split('\n').filter((line) => line !== '' && !line.includes('[notice]'))).toEqual([]);
    });
  });
});

/** The workers of nginx that are not shutting down. From /proc: the distribution's root has no ps. */
async function acceptingWorkers(machine: Machine): Promise<string[]> {
  const list =
    'for folder in /proc/[0-9]*; do echo "${folder#/proc/} $(tr "\\0" " " <"$folder/cmdline")"; done 2>/dev/null';
  const lines = (await machine.output(['sh', '-c', list])).split('\n');
  return lines
    .filter((line) => line.includes('nginx: worker process') && !line.includes('shutting down'))
    .map((line) => line.split(' ')[0] ?? '');
}
