import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { ConfigError } from '../../lib/messages/config.ts';
import { minimal, problems, withValue } from './support/problems.ts';

describe('a configuration is accepted', () => {
  it('with the least that it needs, every default filled in', () => {
    const stack = parseConfig({ stacks: { production: minimal } }, 'f').stacks['production'];
    expect(stack?.gateway.listenPort).toBe(443);
    expect(stack?.gateway.clientMaxBodySizeKiB).toBe(8_192);
    expect(stack?.limits.perAddress).toEqual({ requestsPerSecond: 5, burst: 10 });
    expect(stack?.ollama).toMatchObject({ host: '127.0.0.1:11434', noCloud: true });
    expect(stack?.services['ci']).toMatchObject({ generation: 1, certificateLifetimeDays: 90 });
    expect(stack?.target.distribution).toBe('debian-13');
  });

  it.each([
    ['ollama.host', '[::1]:11434'],
    ['gateway.plainListenPort', false],
    ['gateway.listenAddress', '::'],
    ['gateway.workerProcesses', 4],
    ['services.ci.routes', ['GET /v1/models/:model', 'inference']],
    ['ollama.keepAlive', '-1'],
    ['ollama.models', [{ name: 'hf.co/unsloth/Qwen2.5-Coder:Q4_K_M' }]],
  ])('with %s = %j', (path, value) => {
    expect(problems(withValue(path, value))).toEqual([]);
  });

  it('with Ollama beyond loopback, where the reason is written down', () => {
    const raw = withValue('ollama', {
      host: '0.0.0.0:11434',
      isolation: 'loopback',
      nonLoopbackHostReason: 'The host firewall is managed elsewhere; agreed with operations.',
    });
    expect(problems(raw)).toEqual([]);
  });
});

/** Values that could leave an nginx string, a systemd unit, a distinguished name or a shell word. */
const breakouts: [string, string][] = [
  ['a newline', 'a\nb'],
  ['a trailing newline', 'ci\n'],
  ['a carriage return', 'a\rb'],
  ['a NUL', 'a\0b'],
  ['a double quote', 'a"b'],
  ['a single quote', "a'b"],
  ['a backslash', 'a\\b'],
  ['a dollar', 'a$b'],
  ['a semicolon', 'a;b'],
  ['an opening brace', 'a{b'],
  ['a closing brace', 'a}b'],
  ['a comma', 'a,b'],
  ['an equals sign', 'a=b'],
  ['a plus sign', 'a+b'],
  ['a slash', 'a/b'],
  ['dots', '..'],
  ['a per cent sign', 'a%b'],
  ['a hash', 'a#b'],
  ['a space', 'a b'],
  ['a backtick', 'a`b'],
  ['a Cyrillic look-alike', '\u0441i'],
  ['a fullwidth letter', '\uff43i'],
  ['a Kelvin sign, which lower-cases to k', '\u212a'],
  ['a right-to-left override', 'a\u202eb'],
  ['a zero-width space', 'a\u200bb'],
  ['a line separator', 'a\u2028b'],
  ['nothing', ''],
];

describe('a name that could break out is refused', () => {
  it.each(breakouts)('as a service: %s', (_what, name) => {
    const raw = { stacks: { production: { ...minimal, services: { [name]: {} } } } };
    expect(problems(raw)).toHaveLength(1);
    expect(problems(raw)[0]).toMatchObject({ problem: 'not an allowed name' });
  });

  it.each(breakouts)('as a stack: %s', (_what, name) => {
    expect(problems({ stacks: { [name]: minimal } })).toHaveLength(1);
  });

  it.each(breakouts.filter(([, name]) => !['..'].includes(name)))('as a server name: %s', (_what, name) => {
    expect(problems(withValue('gateway.serverNames', [name]))[0]?.path).toBe(
      'stacks.production.gateway.serverNames[0]',
    );
  });

  it.each(breakouts.filter(([what]) => what !== 'a slash'))('as a model: %s', (_what, name) => {
    expect(problems(withValue('ollama.models', [{ name }]))).toHaveLength(1);
  });

  it.each(['Ci', 'CI', '1ci', '-ci', 'ci-', 'a'.repeat(41), '__proto__', 'constructor.x'])(
    'as a service: %s',
    (name) => {
      const services: unknown = JSON.parse(`{"${name}":{}}`);
      expect(problems({ stacks: { production: { ...minimal, services } } })).toHaveLength(1);
    },
  );
});

describe('a bad value is refused', () => {
  it.each<[string, unknown]>([
    ['gateway.listenPort', 0],
    ['gateway.listenPort', 65_536],
    ['gateway.listenPort', '443'],
    ['gateway.listenPort', 443.5],
    ['gateway.listenPort', Number.NaN],
    ['gateway.plainListenPort', true],
    ['gateway.listenAddress', 'localhost'],
    ['gateway.listenAddress', 'fe80::1%eth0'],
    ['gateway.serverNames', []],
    ['gateway.serverNames', ['10.0.0.1']],
    ['gateway.serverNames', ['*.example.com']],
    ['gateway.serverNames', ['Models.example.com']],
    ['gateway.clientMaxBodySizeKiB', 0],
    ['gateway.clientMaxBodySizeKiB', Infinity],
    ['gateway.workerProcesses', 'many'],
    ['services.ci', null],
    ['services.ci.generation', 0],
    ['services.ci.generation', 2_147_483_648],
    ['services.ci.generation', 1.5],
    ['services.ci.routes', []],
    ['services.ci.routes', ['write']],
    ['services.ci.routes', ['POST /api/pull']],
    ['services.ci.routes', ['DELETE /api/delete']],
    ['services.ci.routes', ['POST /api/me']],
    ['services.ci.rate', { requestsPerSecond: 5 }],
    ['services.ci.certificateLifetimeDays', 399],
    ['limits.perAddress', { requestsPerSecond: 0 }],
    ['ollama.host', '127.0.0.1'],
    ['ollama.host', '127.0.0.1:11434\nEnvironment=X'],
    ['ollama.host', '127.0.0.1:99999'],
    ['ollama.host', '::1:11434'],
    ['ollama.keepAlive', '5 minutes'],
    ['ollama.noCloud', 'yes'],
    ['ollama.models', [{ name: 'a', digest: 'sha256:abc' }]],
    ['target.distribution', 'debian-11'],
  ])('%s = %j', (path, value) => {
    const found = problems(withValue(path, value));
    expect(found.length).toBeGreaterThan(0);
    for (const problem of found) {
      expect(problem.path.startsWith(`stacks.production.${path}`)).toBe(true);
      expect(problem.allowed).not.toBe('');
      expect(problem.fix).not.toBe('');
    }
  });

  it.each([
    ['0.0.0.0:11434'],
    ['[::]:11434'],
    ['192.168.1.5:11434'],
    ['[::ffff:127.0.0.1]:11434'],
    ['128.0.0.1:11434'],
  ])('Ollama on %s without a reason', (host) => {
    expect(problems(withValue('ollama.host', host))).toMatchObject([
      { path: 'stacks.production.ollama.host' },
    ]);
  });

  it('a reason that acknowledges nothing', () => {
    const raw = withValue('ollama.nonLoopbackHostReason', 'This is left from last year, sorry.');
    expect(problems(raw)).toMatchObject([{ path: 'stacks.production.ollama.nonLoopbackHostReason' }]);
  });

  it.each([
    ['services.ci.certificateLifetimeDays', 31],
    ['pki.serverCertificateLifetimeDays', 31],
  ])('a lifetime beyond the CA: %s', (path, days) => {
    const raw = withValue(path, days) as { stacks: { production: Record<string, object> } };
    raw.stacks.production['pki'] = {
      serverCertificateLifetimeDays: 30,
      ...raw.stacks.production['pki'],
      caLifetimeDays: 30,
    };
    raw.stacks.production['services'] = {
      ci: { certificateLifetimeDays: 30, ...(raw.stacks.production['services'] as { ci: object }).ci },
    };
    expect(problems(raw)).toMatchObject([{ path: `stacks.production.${path}`, got: '31' }]);
  });

  it('one port for two listeners', () => {
    expect(problems(withValue('gateway.plainListenPort', 443))).toMatchObject([
      { path: 'stacks.production.gateway.plainListenPort', problem: 'the same port as gateway.listenPort' },
    ]);
  });

  it('more different limits than nginx should count', () => {
    const services = Object.fromEntries(
      Array.from({ length: 17 }, (_, index) => [`s${index}`, { concurrentStreams: index + 1 }]),
    );
    expect(problems({ stacks: { production: { ...minimal, services } } })).toMatchObject([
      { path: 'stacks.production.services' },
    ]);
  });

  it.each([
    undefined,
    null,
    3,
    'x',
    [],
    () => 0,
    {},
    { stacks: {} },
    { stacks: [] },
    { stacks: { a: null } },
  ])('a file that exports %s', (raw) => {
    expect(problems(raw).length).toBeGreaterThan(0);
  });
});

describe('an unknown key is refused', () => {
  it.each([
    ['gateway.listenprot', 'listenPort'],
    ['gateway.clientMaxBodySize', 'clientMaxBodySizeKiB'],
    ['services.ci.route', 'routes'],
    ['services.ci.generations', 'generation'],
    ['ollama.numParalel', 'numParallel'],
  ])('%s, with the nearest right one', (path, nearest) => {
    const [problem, ...more] = problems(withValue(path, 1));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ path: `stacks.production.${path}`, problem: 'unknown key' });
    expect(problem?.fix).toContain(`'${nearest}'`);
  });

  it('without a guess where none is near', () => {
    expect(problems(withValue('gateway.zzzzzzzz', 1))[0]?.fix).toBe('remove the key');
  });
});

describe('the report', () => {
  const raw = {
    stacks: {
      Prod: {
        gateway: { serverNames: ['A b'], listenPort: 70_000, plainListenPrt: 3 },
        services: { ci: { certificateLifetimeDays: 300 }, 'x\u202Ey': {} },
        pki: { caLifetimeDays: 100 },
        ollama: { host: '0.0.0.0:11434' },
      },
    },
  };

  it('has every problem of the file at once', () => {
    expect(problems(raw).map((problem) => problem.path)).toEqual([
      'stacks.Prod.gateway.serverNames[0]',
      'stacks.Prod.gateway.listenPort',
      'stacks.Prod.gateway.plainListenPrt',
      'stacks.Prod',
      'stacks.Prod.services["x\\u{202e}y"]',
      'stacks.Prod.services.ci.certificateLifetimeDays',
      'stacks.Prod.ollama.host',
    ]);
  });

  it('shows path, value, allowed values and fix, in printable ASCII alone', () => {
    const text = new ConfigError('hardening.config.ts', problems(raw)).message;
    expect(text).toMatch(/^[\n -~]+$/);
    expect(text).toContain(
      [
        '  stacks.Prod.gateway.listenPort: not allowed here',
        '    got      70000',
        '    allowed  a TCP port, a whole number from 1 to 65535',
        '    fix      choose a port from 1 to 65535',
      ].join('\n'),
    );
  });
});
