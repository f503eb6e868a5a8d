import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxDescription } from '../../lib/sandbox/sandbox-description.ts';
import { freePort } from '../support/free-port.ts';
import { configurationOf, sandboxRuns, type SandboxRuns } from './support/sandbox-runs.ts';
import {
  allGone,
  readDescription,
  runCommand,
  startCommand,
  type CommandProcess,
} from '../support/sandbox-process.ts';

const services = `ci: {}, dashboard: { routes: ['read'] }`;

describe('hardening sandbox', () => {
  let runs: SandboxRuns;
  let config: string;
  let count = 0;

  beforeAll(async () => {
    runs = await sandboxRuns(services);
    config = runs.config;
  });
  afterEach(() => runs.endAll());
  afterAll(() => runs.remove());

  /** The status that curl gets for a service, with a connection of its own. */
  async function status(
    { gateway, ca, identities }: SandboxDescription,
    service: string,
    path = '/api/tags',
  ) {
    const identity = identities[service];
    const { stdout } = await promisify(execFile)('curl', [
      ...['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--cacert', ca.certificate],
      ...['--cert', identity?.certificate ?? '', '--key', identity?.key ?? ''],
      // Broken JSON, so that an inference route answers 400 at once.
      ...(path === '/api/generate' ? ['--data', '{'] : []),
      `https://${gateway.address}:${gateway.port}/ollama${path}`,
    ]);
    return Number(stdout);
  }

  it('writes sandbox.json exactly as documented, and serves every identity in it', async () => {
    const { command, state, description } = await runs.ready();
    const file = (name: string): string => join(state, 'pki', name);
    const identity = (service: string) => ({
      certificate: file(`certs/${service}-1.crt`),
      key: file(`secrets/${service}-1.key`),
      distinguishedName: `serialNumber=1,CN=${service},O=trial`,
      generation: 1,
    });
    expect(description).toEqual({
      version: 1,
      gateway: { address: '127.0.0.1', port: expect.any(Number) as number, serverName: 'gateway.test' },
      plain: { address: '127.0.0.1', port: expect.any(Number) as number },
      upstream: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string, kind: 'stand-in' },
      ca: { certificate: file('certs/ca.crt'), key: file('secrets/ca.key') },
      identities: { ci: identity('ci'), dashboard: identity('dashboard') },
      tree: join(state, 'tree'),
      pids: { sandbox: command.child.pid, nginx: expect.any(Number) as number },
    });
    expect(await status(description, 'ci')).toBe(200);
    expect(await status(description, 'dashboard')).toBe(200);
    expect(await status(description, 'dashboard', '/api/generate')).toBe(403);
    expect((await stat(join(state, 'sandbox.json'))).mode & 0o777).toBe(0o600);
  });

  it('keeps keys 0600 in a 0700 folder', async () => {
    const { state } = await runs.ready();
    const secrets = join(state, 'pki', 'secrets');
    expect((await stat(secrets)).mode & 0o777).toBe(0o700);
    const keys = await readdir(secrets);
    expect(keys.sort()).toEqual(['.gitignore', 'ca.key', 'ci-1.key', 'dashboard-1.key', 'server.key']);
    for (const key of keys) expect((await stat(join(secrets, key))).mode & 0o777).toBe(0o600);
  });

  it('prints the verdict and lines to copy that work as they stand', async () => {
    const { command } = await runs.ready();
    expect(command.output()).toMatch(/It holds: \d+ passed/);
    const lines = command.output().match(/^ {2}curl .*$/gm) ?? [];
    expect(lines).toHaveLength(3);
    const answers = await Promise.all(
      lines.map((line) =>
        promisify(execFile)(
          'sh',
          ['-c', `${line.trim()} --silent --write-out '%{http_code}' --output /dev/null`],
          {
            cwd: runs.folder,
          },
        ),
      ),
    );
    expect(answers.map(({ stdout }) => stdout)).toEqual(['200', '200', '401']);
  });

  it('puts a saved change in force: a removed service gets 401, the others stay', async () => {
    const { command, description } = await runs.ready();
    const from = command.output().length;
    await writeFile(config, configurationOf('ci: {}'));
    await command.said(/in force/, from);
    expect(command.output().slice(from)).toContain('service dashboard: removed');
    expect(await status(description, 'dashboard')).toBe(401);
    expect(await status(description, 'ci')).toBe(200);
    expect(Object.keys((await readDescription(dirname(description.tree))).identities)).toEqual(['ci']);
  });

  it('puts a change in force that was saved while it was starting', async () => {
    const { command, state } = await runs.start();
    await readDescription(state);
    await writeFile(config, configurationOf('ci: {}'));
    await command.said(/service dashboard: removed/);
  });

  it('follows a file that the configuration imports', async () => {
    const { command } = await runs.ready();
    const imported = join(runs.folder, 'services.ts');
    const change = async (services: string, save: () => Promise<void>) => {
      const from = command.output().length;
      await save();
      await command.said(/in force/, from);
      expect(command.output().slice(from)).toContain(services);
    };
    await writeFile(imported, 'export const services = { ci: {} };');
    const source = `import { services } from './services.ts';\n${configurationOf('...services')}`;
    await change('service dashboard: removed', () => writeFile(config, source));
    await change('service late: added', () =>
      writeFile(imported, 'export const services = { ci: {}, late: {} };'),
    );
  });

  it('issues a new certificate for a raised generation and refuses the old one', async () => {
    const { command, state, description } = await runs.ready();
    const from = command.output().length;
    await writeFile(config, configurationOf('ci: { generation: 2 }, dashboard: {}'));
    await command.said(/in force/, from);
    expect(await status(description, 'ci')).toBe(401);
    const now = await readDescription(state);
    expect(now.identities['ci']?.distinguishedName).toBe('serialNumber=2,CN=ci,O=trial');
    expect(await status(now, 'ci')).toBe(200);
    expect(await status(now, 'dashboard', '/api/generate')).toBe(400);
  });

  it.each([
    ['a bad value', configurationOf('ci: { generation: 0 }')],
    ['a syntax error', 'export default {'],
    ['a stack that is gone', configurationOf(services).replace('trial', 'other')],
  ])('reports %s and keeps the running configuration', async (_what, source) => {
    const { command, state, description } = await runs.ready();
    const before = await readFile(join(state, 'sandbox.json'), 'utf8');
    const from = command.output().length;
    await writeFile(config, source);
    await command.said(/not applied, the running configuration stays:[^]*fix:/, from);
    expect(await status(description, 'dashboard')).toBe(200);
    expect(await readFile(join(state, 'sandbox.json'), 'utf8')).toBe(before);
  });

  it('ends after the verdict with --once, exit code 0, and leaves nothing running', async () => {
    const { command, state } = await runs.start('--once');
    const { pids } = await readDescription(state);
    expect(await command.ended).toBe(0);
    await allGone(Object.values(pids));
    expect((await readdir(state)).sort()).toEqual(['log', 'pki', 'tree']);
  });

  it.each([
    ['services that the probe cannot act as', `narrow: { routes: ['POST /api/chat'] }`],
    ['no service at all', ''],
    [
      'a burst beyond what the probe sends',
      `ci: { rate: { requestsPerSecond: 100, burst: 500 } } }, limits: { perAddress: { requestsPerSecond: 100, burst: 500 }`,
    ],
    ['no plain port', `ci: {} }, gateway: { serverNames: ['gateway.test'], plainListenPort: false`],
  ])('holds with %s', async (_what, inner) => {
    const path = join(runs.folder, `holds-${count++}.config.ts`);
    const source = inner.includes('gateway:')
      ? configurationOf(inner).replace(/gateway: \{[^}]*\},/, '')
      : configurationOf(inner);
    await writeFile(path, source);
    const result = await runCommand(
      [
        'sandbox',
        '--once',
        '--config',
        path,
        '--upstream',
        'stand-in',
        '--state-dir',
        join(runs.folder, 'holds'),
      ],
      runs.folder,
    );
    expect(result.output).toContain('It holds');
    expect(result.code).toBe(0);
  });

  it('does not hold with an upstream that does not answer', async () => {
    await writeFile(config, configurationOf(services));
    const nothing = `http://127.0.0.1:${await freePort()}`;
    const result = await runCommand(
      [
        'sandbox',
        '--once',
        '--config',
        config,
        '--upstream',
        nothing,
        '--state-dir',
        join(runs.folder, 'holds'),
      ],
      runs.folder,
    );
    expect(result.output).not.toContain('It holds');
    expect(result.output).toContain(`Start what is to listen at ${nothing}`);
    expect(result.output).not.toContain('systemctl');
    expect(result.code).toBe(1);
  });

  it('ends with exit code 1 where the probe finds something: a given server certificate for another name', async () => {
    const own = await runs.start('--once');
    expect(await own.command.ended).toBe(0);
    await writeFile(config, configurationOf(services).replace('gateway.test', 'other.test'));
    const given = join(own.state, 'pki');
    const before = await readdir(given, { recursive: true });
    const result = await runCommand(
      [
        'sandbox',
        '--once',
        '--config',
        config,
        '--upstream',
        'stand-in',
        '--pki',
        given,
        '--state-dir',
        join(runs.folder, 'other'),
      ],
      runs.folder,
    );
    expect(result.output).toContain('certificate-wrong-name');
    expect(result.code).toBe(1);
    expect(await readdir(given, { recursive: true })).toEqual(before);
  });

  it('gives a second instance a folder and ports of its own', async () => {
    await writeFile(config, configurationOf(services));
    const begin = (): CommandProcess => {
      const command = startCommand(['sandbox', '--config', config, '--upstream', 'stand-in'], runs.folder);
      runs.keep(command);
      return command;
    };
    const first = begin();
    await first.said(/Ctrl-C ends the sandbox/);
    const second = begin();
    await second.said(/Ctrl-C ends the sandbox/);
    const [one, two] = [
      await readDescription(join(runs.folder, '.sandbox')),
      await readDescription(join(runs.folder, '.sandbox-2')),
    ];
    expect(two.gateway.port).not.toBe(one.gateway.port);
    expect(second.output()).toMatch(
      new RegExp(`port ${one.gateway.port} is taken: using ${two.gateway.port}`),
    );
    expect(await status(one, 'ci')).toBe(200);
    expect(await status(two, 'ci')).toBe(200);
  });

  it('says that a port is taken and uses a free one', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      const { command, description } = await runs.ready('--port', String(port));
      expect(command.output()).toContain(`note: port ${port} is taken: using ${description.gateway.port}`);
      expect(await status(description, 'ci')).toBe(200);
    } finally {
      server.close();
    }
  });

  describe('leaves no process and no folder in memory', () => {
    async function endsClean(
      how: (description: SandboxDescription) => void,
      expected: number | NodeJS.Signals,
    ) {
      const { command, state, description } = await runs.ready();
      const main = await readFile(join(description.tree, 'etc/hardening/gateway/limits.conf'), 'utf8');
      const memory = dirname(/client_body_temp_path "([^"]+)"/.exec(main)?.[1] ?? '');
      const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
      const children = stdout
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number))
        .filter(([, parent]) => parent === description.pids.nginx || parent === description.pids.sandbox)
        .map(([pid]) => pid ?? 0);
      expect(children.length).toBeGreaterThanOrEqual(3);
      how(description);
      expect(await command.ended).toBe(expected);
      await allGone([...children, description.pids.nginx]);
      await expect.poll(() => stat(memory).catch(() => 'gone'), { timeout: 10_000 }).toBe('gone');
      return { command, state };
    }

    it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('after %s, with exit code 0', async (signal) => {
      const { state } = await endsClean(({ pids }) => process.kill(pids.sandbox, signal), 0);
      expect((await readdir(state)).sort()).toEqual(['log', 'pki', 'tree']);
    });

    it('after kill -9 of the sandbox; the folder can be used again', async () => {
      const { state } = await endsClean(({ pids }) => process.kill(pids.sandbox, 'SIGKILL'), 'SIGKILL');
      const again = await runCommand(
        ['sandbox', '--once', '--config', config, '--upstream', 'stand-in', '--state-dir', state],
        runs.folder,
      );
      expect(again.code).toBe(0);
    });

    it('after kill -9 of nginx, which it reports with exit code 1', async () => {
      const { command } = await endsClean(({ pids }) => process.kill(pids.nginx, 'SIGKILL'), 1);
      expect(command.output()).toMatch(/error: nginx ended by SIGKILL/);
    });
  });

  it.each([
    ['a port that is none', ['--port', '70000'], /from 1 to 65535/],
    ['an unknown option', ['--prot', '1'], /Did you mean --port\?/],
    ['an upstream with TLS', ['--upstream', 'https://127.0.0.1:1'], /is neither http:\/\/ADDRESS:PORT/],
    ['an upstream with a path', ['--upstream', 'http://127.0.0.1:1/api'], /is neither http:\/\/ADDRESS:PORT/],
    ['an upstream at port 0', ['--upstream', 'http://127.0.0.1:0'], /is neither http:\/\/ADDRESS:PORT/],
    [
      'an upstream with a password',
      ['--upstream', 'http://u:hidden@127.0.0.1:99'],
      /"http:\/\/…@127\.0\.0\.1:99" is/,
    ],
    [
      'an upstream with a fragment',
      ['--upstream', 'http://127.0.0.1:99/#x'],
      /is neither http:\/\/ADDRESS:PORT/,
    ],
    ['a state folder without a name', ['--state-dir', ''], /Give the name of a folder/],
    ['a folder as configuration', ['--config', '.'], /is no file but a folder/],
    ['a state folder that nginx cannot be given', ['--state-dir', 'a$b'], /choose a --state-dir without/],
    ['a configuration that is missing', ['--config', 'absent.ts'], /there is no such file/],
    ['a stack that is not there', ['--stack', 'x'], /choose one of: trial/],
    ['a PKI folder that is empty', ['--pki', 'nothing-here'], /nothing-here/],
  ])('refuses %s with exit code 2 and leaves nothing', async (_what, parameters, message) => {
    await writeFile(config, configurationOf(services));
    const before = await readdir(runs.folder);
    const result = await runCommand(
      [
        'sandbox',
        '--once',
        '--config',
        config,
        '--upstream',
        'stand-in',
        '--state-dir',
        join(runs.folder, 'never'),
        ...parameters,
      ],
      runs.folder,
    );
    expect(result.output).toMatch(message);
    expect(result.output).not.toMatch(/defect|hidden/);
    expect(result.code).toBe(2);
    expect((await readdir(runs.folder)).filter((name) => !before.includes(name) && name !== 'never')).toEqual(
      [],
    );
    expect(await readFile(join(runs.folder, 'never', 'sandbox.json'), 'utf8').catch(() => 'none')).toBe(
      'none',
    );
  });

  it.each<[string, (state: string) => Promise<unknown>, RegExp]>([
    [
      "another program's tree",
      (state) => mkdir(join(state, 'tree')).then(() => writeFile(join(state, 'tree', 'thesis.txt'), 'x')),
      /tree holds files but no MANIFEST[^]*choose another folder with --state-dir DIR/,
    ],
    ['a tree that is a file', (state) => writeFile(join(state, 'tree'), 'x'), /tree is no folder/],
    ['a log that is a file', (state) => writeFile(join(state, 'log'), 'x'), /log cannot be used[^]*EEXIST/],
    [
      'a sandbox.json that is a folder',
      (state) => mkdir(join(state, 'sandbox.json')),
      /cannot be used for the sandbox's files: ERR_FS_EISDIR/,
    ],
  ])('refuses a state folder with %s, and leaves it unlocked', async (_what, spoil, message) => {
    await writeFile(config, configurationOf(services));
    const state = join(runs.folder, `spoiled-${count++}`);
    await mkdir(state);
    await spoil(state);
    const result = await runCommand(
      ['sandbox', '--once', '--config', config, '--upstream', 'stand-in', '--state-dir', state],
      runs.folder,
    );
    expect(result.output).toMatch(message);
    expect(result.output).not.toMatch(/defect|--out/);
    expect(result.code).toBe(2);
    expect(await readdir(state)).not.toContain('sandbox.lock');
  });

  it('refuses a state folder that another sandbox runs in', async () => {
    const { state, description } = await runs.ready();
    const result = await runCommand(
      ['sandbox', '--once', '--config', config, '--upstream', 'stand-in', '--state-dir', state],
      runs.folder,
    );
    expect(result.output).toContain(`a sandbox with process id ${description.pids.sandbox} runs in`);
    expect(result.code).toBe(2);
    expect(await status(description, 'ci')).toBe(200);
  });
});
