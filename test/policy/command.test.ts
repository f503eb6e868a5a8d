import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rules } from '../../lib/policy/rules/index.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { behind, clients, gateway, inbound, ssh } from './corpus/parts.ts';

const program = fileURLToPath(new URL('../../bin/hardening.js', import.meta.url));

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function policy(...parameters: readonly string[]): Promise<Ended> {
  return new Promise((settle) => {
    execFile(
      process.execPath,
      [program, 'policy', ...parameters],
      {
        cwd: folder.path,
        env: { PATH: process.env['PATH'], NO_COLOR: '1', FORCE_COLOR: '1' },
        timeout: 30_000,
      },
      (error, stdout, stderr) => settle({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const safe = behind([ssh, gateway]);
const exposed = behind([ssh, inbound('11434', clients)]);
const write = async (path: string, content: unknown): Promise<string> => {
  const file = join(folder.path, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const reason = 'The lab has no gateway yet; decided by the owner.';

describe('hardening policy', () => {
  it('looks at every synthesized stack where it is given none', async () => {
    await write('cdktf.out/stacks/a/cdk.tf.json', safe);
    expect(await policy()).toEqual({
      code: 0,
      stdout: `${rules.length} rules hold for the stack\n`,
      stderr: '',
    });
    await write('cdktf.out/stacks/b/cdk.tf.json', exposed);
    const { code, stdout } = await policy();
    expect(code).toBe(1);
    expect(stdout).toContain(
      'cdktf.out/stacks/b/cdk.tf.json\n  ✘ model-port-exposed  digitalocean_firewall.web: ',
    );
    expect(stdout).not.toContain('stacks/a/');
  });

  it.each<[string, unknown, RegExp]>([
    ['no file', undefined, /gone\.json could not be read \(ENOENT\)/],
    ['no JSON', '{', /is not JSON/],
    ['a list', [], /neither/],
    ['a state', { version: 4, serial: 1, lineage: 'x', outputs: {}, resources: [] }, /neither/],
    [
      'a key that stands twice, of which JSON.parse hides one',
      '{"resource":{"digitalocean_firewall":{"web":{"inbound_rule":[{"port_range":"11434"}],"inbound_rule":[]}}}}',
      /has the key resource\.digitalocean_firewall\.web\.inbound_rule twice/,
    ],
    ['HCL', 'resource "x" "y" {}', /is not JSON/],
  ])('ends with 2 for %s', async (_name, content, words) => {
    const path = content === undefined ? 'gone.json' : await write('x.json', content);
    const { code, stderr } = await policy(path);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/^fix: /m);
  });

  it.each<[string, boolean]>([
    ['a.auto.tfvars', true],
    ['a.auto.tfvars.json', true],
    ['terraform.tfvars', true],
    ['x_override.tf.json', true],
    ['other.tf', true],
    ['named.tfvars', false],
    ['notes.json', false],
    ['terraform.tfstate', false],
  ])('warns of %s in the folder of a configuration: %s', async (name, isTold) => {
    await write('main.tf.json', safe);
    await write(name, '{}');
    const { code, stdout } = await policy('main.tf.json');
    expect(code).toBe(0);
    expect(stdout.includes(`${name} is in the same folder, and was not read`)).toBe(isTold);
  });

  it('ends with 2 where there is no stack', async () => {
    expect((await policy()).code).toBe(2);
  });

  it('looks at the files beside a stack', async () => {
    const path = await write('x/cdk.tf.json', safe);
    await write('x/assets/f/files/etc/default/ollama', 'OLLAMA_HOST=0.0.0.0\n');
    const { code, stdout } = await policy(path);
    expect(code).toBe(1);
    expect(stdout).toContain('ollama-host-opened  /etc/default/ollama: ');
  });

  it('takes ports that Ollama was moved to', async () => {
    const path = await write('x.json', behind([ssh, inbound('8080', clients)]));
    expect((await policy(path)).code).toBe(0);
    expect((await policy(path, '--model-port', '9000', '--model-port', '8080')).code).toBe(1);
    expect((await policy(path, '--model-port', '0')).code).toBe(2);
  });

  it('takes acknowledgements from a file, and says which cover nothing', async () => {
    const path = await write('x.json', exposed);
    const one = { rule: 'model-port-exposed', resource: 'digitalocean_firewall.web', reason };
    const file = await write('acknowledged.json', [one]);
    const known = await policy(path, '--acknowledgements', file);
    expect(known.code).toBe(0);
    expect(known.stdout).toContain(`acknowledged: ${reason}`);
    await write('acknowledged.json', [one, { ...one, resource: 'digitalocean_firewall.old' }]);
    const unused = await policy(path, '--acknowledgements', file);
    expect(unused.code).toBe(0);
    expect(unused.stdout).toContain('! unused-acknowledgement  digitalocean_firewall.old: ');
  });

  it('takes those that the stack has with it', async () => {
    const acknowledgements = [{ rule: 'model-port-exposed', resource: 'digitalocean_firewall.web', reason }];
    expect((await policy(await write('x.json', { '//': { acknowledgements }, ...exposed }))).code).toBe(0);
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['a rule that there is not', [{ rule: 'no-such-rule', resource: 'x', reason }]],
    ['no resource', [{ rule: 'weak-key', reason }]],
    ['no reason', [{ rule: 'weak-key', resource: 'x' }]],
    ['a short reason', [{ rule: 'weak-key', resource: 'x', reason: 'because' }]],
    ['something more', [{ rule: 'weak-key', resource: 'x', reason, until: '2030' }]],
    ['no JSON', '['],
  ])('ends with 2 for acknowledgements with %s', async (_name, content) => {
    const file = await write('acknowledged.json', content);
    expect((await policy(await write('x.json', exposed), '--acknowledgements', file)).code).toBe(2);
  });

  it('prints JSON', async () => {
    const { code, stdout } = await policy(await write('x.json', exposed), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      stacks: ['x.json'],
      findings: [
        {
          stack: 'x.json',
          rule: 'model-port-exposed',
          level: 'error',
          resource: 'digitalocean_firewall.web',
        },
      ],
    });
  });

  it('prints SARIF 2.1.0 with what the standard requires', async () => {
    const acknowledgements = [{ rule: 'wide-inbound-range', resource: 'digitalocean_firewall.web', reason }];
    const stack = behind([ssh, inbound('all', clients)]);
    const { code, stdout } = await policy(
      await write('a folder/x.json', { '//': { acknowledgements }, ...stack }),
      '--sarif',
    );
    expect(code).toBe(1);
    const log = JSON.parse(stdout) as Sarif;
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    const described = run?.tool.driver.rules ?? [];
    expect(described.map(({ id }) => id)).toEqual([...rules.map(({ id }) => id), 'unused-acknowledgement']);
    expect(run?.tool.driver.name).not.toBe('');
    expect(run?.results.map(({ ruleId }) => ruleId)).toEqual(['model-port-exposed', 'wide-inbound-range']);
    for (const result of run?.results ?? []) {
      expect(described[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(['error', 'warning']).toContain(result.level);
      expect(result.message.text).not.toBe('');
      // RFC 3986: a URI, so that the space is escaped.
      expect(result.locations[0]?.physicalLocation.artifactLocation.uri).toBe('a%20folder/x.json');
    }
    expect(run?.results[0]?.suppressions).toBeUndefined();
    expect(run?.results[1]?.suppressions).toEqual([
      { kind: 'inSource', status: 'accepted', justification: reason },
    ]);
  });

  it('shows no colours with NO_COLOR', async () => {
    expect((await policy(await write('x.json', exposed))).stdout).not.toContain('\u001B');
  });
});

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] };
    };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
      }[];
      readonly suppressions?: unknown;
    }[];
  }[];
}
