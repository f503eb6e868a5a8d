import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeCommand } from '../../lib/cli/probe.ts';
import { findingTexts } from '../../lib/messages/probe-findings.ts';
import { ExitCode, UserError } from '../../lib/messages/user-error.ts';
import { reportSchema } from '../../lib/probe/index.ts';
import { ground, startGateway, type Ground, type RunningGateway } from './support/gateway.ts';
import { runProbe } from './support/run-command.ts';

let on: Ground;
let gateway: RunningGateway;
let where: string[];
const acknowledge = ['--acknowledge', 'no-post-quantum-key-exchange=OpenSSL 3.0 of debian-12'];
beforeAll(async () => {
  on = await ground();
  gateway = await startGateway(on);
  const { gatewayPort, plainPort } = gateway.options;
  where = ['127.0.0.1', '--port', String(gatewayPort), '--plain-port', String(plainPort)];
  where.push('--server-name', 'gateway.test', '--only-gateway');
});
afterAll(async () => {
  await gateway.stop();
  await on.clear();
});

describe('hardening probe', () => {
  test('a gateway that holds: a table, exit code 0, nothing on stderr', async () => {
    const { code, stdout, stderr } = await runProbe([...where, ...acknowledge]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('✔ It holds');
    expect(stdout).toBe(stripVTControlCharacters(stdout));
  });

  test('as a client, with --json: one document of the documented form', async () => {
    const identity = ['--ca', on.authority.file, '--cert', on.client.cert, '--key', on.client.key];
    const { code, stdout, stderr } = await runProbe([
      ...where,
      ...acknowledge,
      ...identity,
      '--model',
      'tiny',
      '--json',
    ]);
    expect(stderr).toBe('');
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.checks.find((check) => check.id === 'stream')?.outcome).toBe('pass');
    expect(report.verdict).toBe('holds');
    expect(code).toBe(0);
  });

  // script(1) of util-linux: that of macOS takes other parameters.
  test.runIf(process.platform === 'linux')(
    'on a terminal: a line of progress that is gone in the end (Linux: by script of util-linux)',
    () => {
      const program = fileURLToPath(new URL('../../bin/hardening.js', import.meta.url));
      const command = [process.execPath, program, 'probe', ...where].map((word) => `'${word}'`).join(' ');
      const { stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
        encoding: 'utf8',
        env: { ...process.env, TERM: 'xterm', NO_COLOR: '' },
        timeout: 20_000,
      });
      const lines = stdout.split('\r\u001b[K').slice(1);
      expect(lines.length).toBeGreaterThan(3);
      expect(lines.slice(0, -1).every((line) => line.endsWith('…'))).toBe(true);
      expect(lines.at(-1)).toContain('What an attacker sees');
    },
  );

  test('findings: exit code 1', async () => {
    const wrongName = where.map((word) => (word === 'gateway.test' ? 'other.test' : word));
    const { code, stdout } = await runProbe([...wrongName, ...acknowledge]);
    expect(code).toBe(1);
    expect(stdout).toContain("The gateway's certificate is for another name");
  });

  test('nothing there: exit code 2', async () => {
    const { code, stdout } = await runProbe([
      '127.0.0.1',
      '--port',
      '1',
      '--plain-port',
      '2',
      '--only-gateway',
    ]);
    expect(code).toBe(2);
    expect(stdout).toContain('? It could not be told');
  });

  test('colours where they are forced, none with NO_COLOR', async () => {
    const args = ['127.0.0.1', '--port', '1', '--plain-port', '2', '--only-gateway'];
    const coloured = await runProbe(args, { FORCE_COLOR: '1' });
    expect(coloured.stdout).toContain('\u001b[');
    const plain = await runProbe(args, { FORCE_COLOR: '1', NO_COLOR: '1' });
    expect(plain.stdout).not.toContain('\u001b[');
  });

  test('--help tells the options, examples and exit codes', async () => {
    const { code, stdout } = await runProbe(['--help']);
    expect(code).toBe(0);
    for (const word of ['--port', '--acknowledge', 'Examples:', 'Exit codes:', 'filtered', '11434']) {
      expect(stdout).toContain(word);
    }
  });
});

describe('bad input: a message, a fix, exit code 2', () => {
  const file = (name: string, text: string, mode = 0o600): string => {
    const path = join(on.folder.path, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  test.each<readonly [string, () => Promise<string[]> | string[], string]>([
    ['a URL as host', () => ['https://gateway.test/'], 'HOST is "https://gateway.test/"'],
    ['a host with an escape code', () => ['a\u001b[31m'], 'HOST is "a\\u001b[31m"'],
    ['port 0', () => ['127.0.0.1', '--port', '0'], '--port is "0"'],
    ['port 65536', () => ['127.0.0.1', '--plain-port', '65536'], '--plain-port is "65536"'],
    ['a port in words', () => ['127.0.0.1', '--port', '4e2'], '--port is "4e2"'],
    ['one port twice', () => ['127.0.0.1', '--port', '80'], 'both 80'],
    ['a time that is too long', () => ['127.0.0.1', '--timeout-ms', '60000'], '--timeout-ms is "60000"'],
    ['a CA file that is not there', () => ['127.0.0.1', '--ca', '/no/such/file'], 'cannot be read (ENOENT)'],
    [
      'a CA file without a certificate',
      () => ['127.0.0.1', '--ca', file('text', 'hello')],
      'holds no certificate',
    ],
    [
      'a certificate without its key',
      () => ['127.0.0.1', '--cert', on.client.cert],
      '--cert is given without --key',
    ],
    [
      'a key that is not one',
      () => ['127.0.0.1', '--cert', on.client.cert, '--key', on.client.cert],
      'holds no private key',
    ],
    [
      'the key of another certificate',
      () => ['127.0.0.1', '--cert', on.client.cert, '--key', on.server.key],
      'is not that of the certificate',
    ],
    ['a model without an identity', () => ['127.0.0.1', '--model', 'tiny'], '--model is given without'],
    [
      'an acknowledgement without a reason',
      () => ['127.0.0.1', '--acknowledge', 'tls-1.2'],
      '--acknowledge is "tls-1.2"',
    ],
    [
      'an acknowledgement of nothing',
      () => ['127.0.0.1', '--acknowledge', 'no-post-quantum=x'],
      'Did you mean no-post-quantum-key-exchange?',
    ],
  ])('%s', async (_what, args, message) => {
    const error: unknown = await probeCommand()
      .parseAsync(await args(), { from: 'user' })
      .then(() => undefined)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    const { message: problem, fix, exitCode } = error as UserError;
    expect(problem + fix).toContain(message);
    expect(fix).not.toBe('');
    expect(exitCode).toBe(ExitCode.unable);
  });

  test.each([
    ['no host', [], "missing required argument 'host'"],
    ['an unknown option', ['127.0.0.1', '--prot', '443'], "unknown option '--prot'"],
    ['a bad port', ['127.0.0.1', '--port', '0'], '--port is "0"'],
  ])('as a user sees it: %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await runProbe(args);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('the text of a finding never depends on the machine', () => {
    for (const [id, { title, why, fix }] of Object.entries(findingTexts)) {
      expect(title.length, id).toBeLessThan(80);
      expect(why, id).toMatch(/\.$/);
      expect(fix, id).not.toBe('');
    }
  });
});
