import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolve } from '../../lib/model/resolve.ts';
import { render } from '../../lib/render/render.ts';
import { loadTemplates } from '../../lib/render/templates.ts';
import { accepted, stackNames, stacks } from '../support/arbitrary-stacks.ts';
import { fullStack, hostileStack, minimalStack } from '../support/example-stacks.ts';
import { parseNginx, type Directive } from '../support/nginx-syntax.ts';

const templates = loadTemplates();

/** Directive names, each with where it stands: `http/server/listen`. In a `map` the names are data and left out. */
function directiveNames(directives: readonly Directive[], place = ''): string[] {
  return directives.flatMap(({ words, block }) => {
    const here = `${place}/${words[0] ?? ''}`;
    const inner = words[0] === 'map' ? [] : directiveNames(block ?? [], here);
    return [here, ...inner];
  });
}

/** The lines of a map other than its default: key and value. */
function mapLines(directives: readonly Directive[]): (readonly string[])[] {
  return directives
    .filter(({ words }) => words[0] === 'map')
    .flatMap(({ block }) => (block ?? []).map(({ words }) => words));
}

describe('no accepted configuration renders what its template did not have', () => {
  const known = (() => {
    const input = {
      gateway: { serverNames: ['a.example'] },
      services: { ci: {}, x: { concurrentStreams: 1 } },
    };
    const names = new Map<string, Set<string>>();
    for (const distribution of ['debian-12', 'debian-13'] as const) {
      const checked = accepted('trial', { ...input, target: { distribution } });
      if (checked === undefined) throw new Error('the sample is refused');
      for (const [path, file] of render(resolve('trial', checked), templates)) {
        if (!path.startsWith('etc/hardening/gateway/')) continue;
        const all = names.get(path) ?? new Set<string>();
        directiveNames(parseNginx(file.content)).forEach((directive) => all.add(directive));
        names.set(path, all);
      }
    }
    return names;
  })();

  it('for hundreds of configurations, many with hostile values', () => {
    let rendered = 0;
    fc.assert(
      fc.property(stackNames, stacks, (stackName, input) => {
        const checked = accepted(stackName, input);
        if (checked === undefined) return;
        rendered++;
        for (const [path, file] of render(resolve(stackName, checked), templates)) {
          expect(file.content, path).toMatch(/^[\n -~]*$/);
          const nginx = known.get(path);
          if (nginx === undefined) continue;
          const directives = parseNginx(file.content);
          expect(directiveNames(directives).filter((directive) => !nginx.has(directive))).toEqual([]);
          expect(mapLines(directives).filter((words) => words.length !== 2)).toEqual([]);
        }
      }),
      { numRuns: 1_200 },
    );
    expect(rendered).toBeGreaterThan(150);
  });

  it('and every other file has only lines that its template has, whatever the values in them', () => {
    /** A line without its values: what a value may be made of is checked by the helpers. */
    const shape = (line: string): string =>
      line
        .replace(/[=:] .*|=.*$/, '=')
        // Elements of a set of nftables, words of sshd_config, a line of authorized_keys.
        .replace(/\{ [0-9a-f:./, ]+ \}/g, '{}')
        .replace(/^( *add_users [a-z_]+)(?: [a-z0-9_-]+)+$/, '$1')
        .replace(/^((?:Match User|HostKeyAlgorithms|KexAlgorithms) )[a-z0-9@._,-]+$/, '$1')
        .replace(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2} [a-z][a-z0-9-]*$/, 'key')
        .replace(/\d+/g, '0');
    const linesOf = (stackName: string, input: unknown): [path: string, shapes: string[]][] => {
      const checked = accepted(stackName, input);
      return checked === undefined
        ? []
        : [...render(resolve(stackName, checked), templates)]
            .filter(([path]) => !path.startsWith('etc/hardening/gateway/'))
            .map(([path, file]) => [path, file.content.split('\n').map(shape)]);
    };
    const knownLines = new Map<string, Set<string>>();
    const hostKey = `ssh-ed25519 ${'A'.repeat(68)}`;
    const onHost = {
      ...minimalStack,
      target: { host: { address: '192.0.2.1', hostKey } },
      ssh: { sources: ['192.0.2.0/24'], adminKeys: { alice: hostKey } },
      terraformState: { encryptedByOpenTofu: true },
      ollama: { isolation: 'loopback', noCloud: false },
    };
    for (const sample of [minimalStack, fullStack, hostileStack, onHost]) {
      for (const [path, shapes] of linesOf('trial', sample)) {
        const all = knownLines.get(path) ?? new Set<string>();
        shapes.forEach((line) => all.add(line));
        knownLines.set(path, all);
      }
    }
    expect(knownLines.size).toBeGreaterThan(5);
    fc.assert(
      fc.property(stackNames, stacks, (stackName, input) => {
        for (const [path, shapes] of linesOf(stackName, input)) {
          expect(shapes.filter((line) => knownLines.get(path)?.has(line) !== true)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('and an added service adds lines of its own and changes no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/), { minLength: 2, maxLength: 6 }),
        (names) => {
          const [added = '', ...others] = names;
          const lines = (all: readonly string[]): Map<string, string[]> => {
            const input = {
              gateway: { serverNames: ['a.example'] },
              services: Object.fromEntries(['zero', ...all].map((one) => [one, {}])),
            };
            const checked = accepted('trial', input);
            if (checked === undefined) throw new Error('the sample is refused');
            return new Map(
              [...render(resolve('trial', checked), templates)].map(([path, file]) => [
                path,
                file.content.split('\n'),
              ]),
            );
          };
          const before = lines(others);
          for (const [path, after] of lines(names)) {
            const kept = after.filter((line) => !new RegExp(`"${added}"|CN=${added}[",]`).test(line));
            expect(kept).toEqual(before.get(path));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
