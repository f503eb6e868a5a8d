import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { openssl } from '../pki/support/openssl.ts';
import { temporaryFolder } from '../pki/support/temporary-folder.ts';

const program = fileURLToPath(new URL('../../bin/hardening.js', import.meta.url));
const passphrase = 'correct horse battery';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a configuration and a file with the passphrase, where the command is run. */
class Operator {
  readonly folder = temporaryFolder();

  constructor() {
    fs.writeFileSync(join(this.folder, 'pass'), `${passphrase}\n`, { mode: 0o600 });
    this.configure({ ci: {}, review: { generation: 2 } });
  }

  configure(services: Record<string, object>, stack = 'prod'): void {
    const stacks = { [stack]: { gateway: { serverNames: ['models.example.com'] }, services } };
    fs.writeFileSync(
      join(this.folder, 'hardening.config.ts'),
      `export default ${JSON.stringify({ stacks })};\n`,
    );
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  start(parameters: readonly string[]): ChildProcess {
    const environment = { PATH: process.env['PATH'], NO_COLOR: '1' };
    const child = spawn(process.execPath, [program, 'pki', ...parameters], {
      cwd: this.folder,
      env: environment,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  async run(parameters: readonly string[], input = ''): Promise<Ended> {
    const child = this.start(parameters);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** Runs it, and fails unless it ended with 0. */
  async done(...parameters: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(parameters);
    expect(code, stderr).toBe(0);
    return stdout;
  }

  async init(): Promise<void> {
    await this.done('init', '--stack', 'prod', '--passphrase-file', 'pass');
  }

  judge(name: string, purpose = 'sslclient'): string {
    const result = openssl([
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-crl_check',
      '-CRLfile',
      this.path('pki/certs/ca.crl'),
      '-CAfile',
      this.path('pki/certs/ca.crt'),
      this.path('pki/certs', `${name}.crt`),
    ]);
    return result.status === 0
      ? 'OK'
      : (/error \d+ at \d+ depth lookup: (.*)/.exec(result.stderr)?.[1] ?? '?');
  }
}

const withPassphrase = ['--passphrase-file', 'pass'];

test('from an empty folder to a revoked service, as the help tells it', async () => {
  const operator = new Operator();
  const made = JSON.parse(
    await operator.done('init', '--stack', 'prod', '--json', ...withPassphrase),
  ) as object;
  expect(made).toMatchObject({ subject: expect.stringMatching(/^O=prod, CN=prod hardening CA /) as string });
  const issued = JSON.parse(await operator.done('issue', '--json', ...withPassphrase)) as { name: string }[];
  expect(issued.map(({ name }) => name)).toEqual(['server', 'health-1', 'ci-1', 'review-2']);
  expect(operator.judge('server', 'sslserver')).toBe('OK');
  expect(operator.judge('ci-1')).toBe('OK');
  expect(await operator.done('issue')).not.toMatch(/issued|renewed/);

  operator.configure({ ci: {}, review: { generation: 3 } });
  expect(await operator.done('issue', ...withPassphrase)).toMatch(
    /review-3 +issued[^]*1 certificate that the configuration does not let in any more: run hardening pki crl/,
  );
  expect(operator.judge('review-2')).toBe('OK');
  expect(await operator.done('crl', ...withPassphrase)).toContain('does not let them in: review-2.');
  expect(operator.judge('review-2')).toBe('certificate revoked');
  expect(operator.judge('review-3')).toBe('OK');

  expect(await operator.done('revoke', 'ci', '--reason', 'keyCompromise')).toContain('Marked 1 certificate');
  expect(operator.judge('ci-1')).toBe('OK');
  await operator.done('crl', '--no-config', ...withPassphrase);
  expect(operator.judge('ci-1')).toBe('certificate revoked');
  const table = await operator.done('inspect');
  expect(table).toMatch(/ci-1 .* revoked \d{4}-\d\d-\d\d, keyCompromise/);
  expect(table).toMatch(/review-2 .* superseded/);
  const again = await operator.run(['issue', ...withPassphrase]);
  expect(again).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('services.ci.generation to 2') as string,
  });
  const secrets = fs.readdirSync(operator.path('pki/secrets'));
  for (const name of secrets)
    expect(fs.statSync(operator.path('pki/secrets', name)).mode & 0o777).toBe(0o600);
}, 60_000);

test('a service’s host makes key and request, and the CA signs it', async () => {
  const [operator, host] = [new Operator(), new Operator()];
  await operator.init();
  await host.done(
    'request',
    'ci',
    '--stack',
    'prod',
    '--generation',
    '1',
    '--out',
    'ci.csr.pem',
    '--key',
    'ci.key',
  );
  expect(fs.statSync(host.path('ci.key')).mode & 0o777).toBe(0o600);
  const request = fs.readFileSync(host.path('ci.csr.pem'));
  await host.done('request', 'ci', '--stack', 'prod', '--out', 'again.csr.pem', '--key', 'ci.key');
  expect(openssl(['req', '-noout', '-pubkey', '-in', host.path('again.csr.pem')]).stdout).toBe(
    openssl(['req', '-noout', '-pubkey', '-in', host.path('ci.csr.pem')]).stdout,
  );
  fs.writeFileSync(operator.path('ci.csr.pem'), request);
  expect(await operator.done('inspect', 'ci.csr.pem')).toContain('Nothing is wrong');
  await operator.done('sign', 'ci.csr.pem', '--service', 'ci', ...withPassphrase);
  expect(operator.judge('ci-1')).toBe('OK');
  expect(fs.existsSync(operator.path('pki/secrets/ci-1.key'))).toBe(false);
  const other = await operator.run(['sign', 'ci.csr.pem', '--service', 'review', ...withPassphrase]);
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('asks for the subject') as string });
}, 60_000);

test('single certificates: the gateway, the health identity, a service', async () => {
  const operator = new Operator();
  await operator.init();
  const names = [
    '--server-name',
    'a.example.com',
    '--server-name',
    'b.example.com',
    '--address',
    '192.0.2.1',
  ];
  await operator.done('issue', 'server', ...names, '--days', '10', ...withPassphrase);
  await operator.done('issue', 'health', ...withPassphrase);
  await operator.done('issue', 'dashboard', '--generation', '4', ...withPassphrase);
  expect(operator.judge('server', 'sslserver')).toBe('OK');
  expect(operator.judge('health-1')).toBe('OK');
  expect(operator.judge('dashboard-4')).toBe('OK');
  expect(await operator.done('inspect', 'pki/certs/server.crt')).toContain(
    'DNS:a.example.com, DNS:b.example.com, IP Address:192.0.2.1',
  );
  expect(await operator.run(['issue', 'server', ...withPassphrase])).toMatchObject({ code: 2 });
}, 60_000);

test('git takes no key, in whatever repository the folder is', async () => {
  const operator = new Operator();
  const git = (...parameters: string[]): string =>
    execFileSync('git', parameters, {
      cwd: operator.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: operator.folder, GIT_CONFIG_NOSYSTEM: '1' },
    });
  git('init', '--quiet');
  await operator.init();
  await operator.done('issue', ...withPassphrase);
  fs.rmSync(operator.path('pki/secrets/.gitignore')); // As a folder that was made without it.
  await operator.done('crl', ...withPassphrase);
  git('add', '--all');
  const added = git('ls-files').split('\n');
  expect(added).toContain('pki/certs/ca.crt');
  expect(added.filter((path) => path.startsWith('pki/secrets'))).toEqual([]);
}, 30_000);

describe('the passphrase', () => {
  test.each<[string, (operator: Operator) => string[], string, RegExp]>([
    [
      'in a file that others may read',
      (operator) => (fs.chmodSync(operator.path('pass'), 0o640), withPassphrase),
      '',
      /others may read[^]*chmod 600 pass/,
    ],
    ['in a file that is missing', () => ['--passphrase-file', 'none'], '', /Cannot read none \(ENOENT\)/],
    ['without a terminal', () => [], '', /no terminal to ask[^]*--passphrase-file/],
    [
      'that is too short',
      () => ['--passphrase-file', '-'],
      'elevenchars\n',
      /too short[^]*at least 12 characters/,
    ],
    ['that is empty', () => ['--passphrase-file', '-'], '\n', /There is no passphrase/],
    [
      'that Node could not use: of 1,025 bytes, in 343 letters',
      () => ['--passphrase-file', '-'],
      `${'鍵'.repeat(341)}xx\n`,
      /more than 1024 bytes[^]*at most 1024/,
    ],
    [
      'of two lines',
      () => ['--passphrase-file', '-'],
      'correct horse\nbattery staple\n',
      /holds more than a passphrase/,
    ],
  ])('%s is refused, and nothing is made', async (_name, parameters, input, message) => {
    const operator = new Operator();
    const { code, stderr } = await operator.run(['init', '--stack', 'prod', ...parameters(operator)], input);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(fs.existsSync(operator.path('pki'))).toBe(false);
  });

  test('of 1,024 bytes works', async () => {
    const operator = new Operator();
    fs.writeFileSync(operator.path('pass'), `${'鍵'.repeat(341)}x\n`);
    await operator.init();
    await operator.done('issue', ...withPassphrase);
    fs.writeFileSync(operator.path('pass'), `${'鍵'.repeat(341)}xx\n`);
    expect((await operator.run(['crl', ...withPassphrase])).stderr).toMatch(/more than 1024 bytes/);
  }, 30_000);

  test('that is wrong is refused, and is in no message; the right one comes by the standard input too', async () => {
    const operator = new Operator();
    await operator.init();
    const wrong = await operator.run(['issue', '--passphrase-file', '-'], 'another passphrase\n');
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be decrypted') as string,
    });
    expect(wrong.stdout + wrong.stderr).not.toContain('another passphrase');
    expect(fs.readdirSync(operator.path('pki/secrets')).sort()).toEqual(['.gitignore', 'ca.key']);
    expect((await operator.run(['issue', '--passphrase-file', '-'], passphrase)).code).toBe(0);
  }, 30_000);

  /** Runs the command on a terminal of its own (script, util-linux), and types after each prompt. */
  async function onTerminal(
    operator: Operator,
    parameters: string,
    typed: readonly string[],
  ): Promise<Ended> {
    const command = `${process.execPath} ${program} pki ${parameters}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: operator.folder,
      env: { PATH: process.env['PATH'], NO_COLOR: '1', TERM: 'dumb', SHELL: '/bin/sh' },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const answers = [...typed];
    let [shown, seen] = ['', 0];
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      const prompts = (shown.match(/(CA|again): /g) ?? []).length;
      for (; seen < prompts; seen += 1) child.stdin.write(answers.shift() ?? '');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout: shown, stderr: '' };
  }

  test('is asked for twice on a terminal, which does not show it', async () => {
    const operator = new Operator();
    const typed = [`${passphrase}x\u007f\r`, `nonsense\u0015${passphrase}\r`];
    const made = await onTerminal(operator, 'init --stack prod', typed);
    expect(made.code, made.stdout).toBe(0);
    expect(made.stdout).toContain('Passphrase for the new CA: ');
    expect(made.stdout).not.toMatch(/correct|horse|nonsense/);
    const issued = await onTerminal(operator, 'issue', [`${passphrase}\r`]);
    expect(issued.stdout).toContain('Passphrase of the CA: ');
    expect(issued.code, issued.stdout).toBe(0);
    expect(operator.judge('ci-1')).toBe('OK');
  }, 30_000);

  test('two that differ, and Ctrl-C, make nothing', async () => {
    const operator = new Operator();
    const differ = await onTerminal(operator, 'init --stack prod', [`${passphrase}\r`, `${passphrase}!\r`]);
    expect(differ.stdout).toContain('The two passphrases differ.');
    expect(differ.code).toBe(2);
    expect((await onTerminal(operator, 'init --stack prod', ['corr\u0003'])).code).toBe(130);
    expect(fs.existsSync(operator.path('pki'))).toBe(false);
  }, 30_000);
});

describe('several at once, and killed ones', () => {
  test('two processes issue one certificate each', async () => {
    const operator = new Operator();
    await operator.init();
    const ended = await Promise.all([1, 2].map(() => operator.run(['issue', ...withPassphrase])));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const index = JSON.parse(fs.readFileSync(operator.path('pki/index.json'), 'utf8')) as {
      certificates: object[];
    };
    expect(index.certificates).toHaveLength(4);
    expect(fs.readdirSync(operator.path('pki')).sort()).toEqual(['certs', 'index.json', 'secrets']);
  }, 60_000);

  test('what a killed run left is completed by the next one', async () => {
    const operator = new Operator();
    await operator.init();
    const services = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`s${index}`, {}]));
    operator.configure(services);
    const child = operator.start(['issue', ...withPassphrase]);
    const keys = (): number => fs.readdirSync(operator.path('pki/secrets')).length;
    const ended = once(child, 'close');
    await Promise.race([
      ended,
      new Promise<void>((settle) => {
        const timer = setInterval(() => {
          if (keys() < 10) return;
          clearInterval(timer);
          settle();
        }, 2);
        onTestFinished(() => clearInterval(timer));
      }),
    ]);
    child.kill('SIGKILL');
    await ended;
    expect(keys()).toBeGreaterThanOrEqual(10);
    expect(fs.readdirSync(operator.path('pki/certs')).length).toBeLessThan(62);
    await operator.done('issue', ...withPassphrase);
    for (const name of Object.keys(services))
      expect(fs.existsSync(operator.path(`pki/certs/${name}-1.crt`))).toBe(true);
    expect(operator.judge('s59-1')).toBe('OK');
    expect(fs.existsSync(operator.path('pki/lock'))).toBe(false);
  }, 60_000);
});

describe('refused with 2, and with what to do', () => {
  test.each<[string, string[], RegExp]>([
    ['a folder without a CA', ['issue'], /no folder of hardening pki[^]*hardening pki init/],
    ['a list without a CA', ['crl', ...withPassphrase], /no folder of hardening pki/],
    ['init without a stack', ['init'], /required option '--stack/],
    ['a stack that is no name', ['init', '--stack', 'Prod'], /Give the name of a stack/],
    ['a CA of too many days', ['init', '--stack', 'prod', '--ca-days', '7301'], /from 1 to 7300/],
    ['a lifetime of too many days', ['issue', 'ci', '--days', '399'], /from 1 to 398/],
    ['a service that is no name', ['issue', 'a_b'], /Give the name of a service/],
    [
      'a generation of zero',
      ['request', 'ci', '--stack', 'prod', '--generation', '0'],
      /whole number from 1/,
    ],
    [
      'a server name with a wildcard',
      ['issue', 'server', '--server-name', '*.example.com'],
      /DNS name in lower case/,
    ],
    ['an address with a zone', ['issue', 'server', '--address', 'fe80::1%eth0'], /Give an IP address/],
    ['a reason that is none', ['revoke', 'ci', '--reason', 'lost'], /Allowed choices/],
    ['the passphrase as an argument', ['init', '--stack', 'prod', '--passphrase', 'x'], /unknown option/],
    ['an unknown command', ['bogus'], /unknown command/],
    ['a file that is missing', ['inspect', 'none.crt'], /Cannot read none.crt \(ENOENT\)/],
  ])('%s', async (_name, parameters, message) => {
    const operator = new Operator();
    const { code, stderr } = await operator.run(parameters);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('another stack than the folder’s, and one that is not configured', async () => {
    const operator = new Operator();
    await operator.init();
    const other = await operator.run(['issue', '--stack', 'other']);
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is for the stack prod') as string,
    });
    operator.configure({}, 'staging');
    expect(await operator.run(['crl', ...withPassphrase])).toMatchObject({ code: 2 });
    expect(await operator.run(['revoke', 'ci'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No certificate was ever issued for ci') as string,
    });
    expect(await operator.run(['init', '--stack', 'prod'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has a CA already') as string,
    });
  }, 30_000);
});

describe('inspect', () => {
  test('shows what is wrong with 1, and no private key', async () => {
    const operator = new Operator();
    await operator.init();
    await operator.done('issue', ...withPassphrase);
    const foreign = new Operator();
    await foreign.init();
    await foreign.done('issue', 'ci', ...withPassphrase);
    fs.copyFileSync(foreign.path('pki/certs/ci-1.crt'), operator.path('foreign.crt'));
    const judged = await operator.run(['inspect', 'foreign.crt']);
    expect(judged).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('was not issued by the CA') as string,
    });
    const json = await operator.run(['inspect', 'foreign.crt', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { kind: 'client certificate', problems: ['was not issued by the CA of the folder'] },
    ]);
    for (const file of ['ca.crt', 'ca.crl', 'server.crt', 'ci-1.crt']) {
      expect(await operator.done('inspect', `pki/certs/${file}`)).toContain('Nothing is wrong with it.');
    }
    fs.writeFileSync(operator.path('plain.key'), privateKeyPem(await generateKey()), { mode: 0o600 });
    for (const file of ['plain.key', 'pki/secrets/ca.key']) {
      const { code, stdout, stderr } = await operator.run(['inspect', file]);
      expect(code).toBe(2);
      expect(stdout + stderr).not.toContain('BEGIN');
    }
    const { stdout } = openssl([
      'req',
      '-new',
      '-key',
      operator.path('plain.key'),
      '-subj',
      '/O=prod/CN=ci/serialNumber=1',
      '-addext',
      'subjectAltName=DNS:x',
    ]);
    fs.writeFileSync(operator.path('asks.csr'), stdout);
    expect(await operator.run(['inspect', 'asks.csr'])).toMatchObject({ code: 1 });
  }, 60_000);
});

test.each(['init', 'issue', 'request', 'sign', 'revoke', 'crl', 'inspect'])(
  '%s --help says what it does and its exit codes',
  async (name) => {
    const { code, stdout } = await new Operator().run([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Exit codes: 0 /);
  },
);
