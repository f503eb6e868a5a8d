import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import type { Infrastructure } from '../../lib/model/infrastructure/infrastructure.ts';
import { resolveInfrastructure } from '../../lib/model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { loadDocumentTemplates, renderDocuments } from '../../lib/render/render-documents.ts';
import { withManifest } from '../../lib/render/rendered-folder.ts';
import { accepted, stackNames, stacks } from '../support/arbitrary-stacks.ts';
import { dropletStack, hostStack } from '../constructs/support/deployed-stacks.ts';
import { fullStack, hostileStack, hostileStackName, minimalStack } from '../support/example-stacks.ts';
import type { StackInput } from '../support/test-gateway.ts';

const templates = loadDocumentTemplates();

function infrastructureOf(name: string, input: StackInput): Infrastructure {
  const stack = parseConfig({ stacks: { [name]: input } }, 'test').stacks[name];
  if (stack === undefined) throw new Error('the stack is gone');
  return resolveInfrastructure(resolve(name, stack), stack);
}
const documentOf = (name: string, input: StackInput): string =>
  renderDocuments(infrastructureOf(name, input)).get('infrastructure.md')?.content ?? '';

describe('infrastructure.md', () => {
  it.each<[string, string, StackInput]>([
    ['minimal', 'minimal', minimalStack],
    ['full', 'full', fullStack],
    ['hostile', hostileStackName, hostileStack],
    ['host', 'box', hostStack],
  ])('of the %s configuration is what it was', async (example, name, input) => {
    await expect(documentOf(name, input)).toMatchFileSnapshot(`__snapshots__/${example}/infrastructure.md`);
  });

  it('is told apart in the manifest from the files of the machine', () => {
    const tree = withManifest(renderDocuments(infrastructureOf('box', hostStack)));
    expect(tree.get('MANIFEST')?.content).toMatch(/^---- infrastructure\.md$/m);
  });

  it('shows every rule of the firewall, and every risk that was acknowledged, in the words of the configuration', () => {
    const everywhereReason = 'Odd *words* | with <b>marks</b>, `ticks` and [links](x) on one line.';
    const text = documentOf('cloud', {
      ...dropletStack,
      ssh: { ...dropletStack.ssh, sources: ['0.0.0.0/0'], everywhereReason },
      terraformState: { unencryptedReason: 'A risk that was taken with open eyes.' },
      firewall: { gatewaySources: ['198.51.100.0/24'] },
    });
    expect(text).toMatch(/^\| 22\/`tcp` +\| `0\.0\.0\.0\/0` +\|/m);
    expect(text).toMatch(/^\| 443\/`tcp` +\| `198\.51\.100\.0\/24` +\|/m);
    expect(text).toContain('A risk that was taken with open eyes\\.');
    expect(text.replaceAll('\\', '')).toContain(everywhereReason);
    expect(text).not.toContain('<b>');
    expect(text).not.toContain('11434');
  });

  it('keeps its tables whole for hundreds of configurations, many with hostile values', () => {
    let rendered = 0;
    fc.assert(
      fc.property(stackNames, stacks, (stackName, input) => {
        const stack = accepted(stackName, input);
        if (stack === undefined) return;
        rendered++;
        const infrastructure = resolveInfrastructure(resolve(stackName, stack), stack);
        const text = renderDocuments(infrastructure, templates).get('infrastructure.md')?.content ?? '';
        expect(text).toMatch(/^[\n -~]*$/);
        const tables = text.match(/(?:^\|.*\n)+/gm) ?? [];
        expect(tables.length).toBeGreaterThan(0);
        for (const table of tables) {
          const cells = table
            .trimEnd()
            .split('\n')
            .map((row) => row.match(/(?<!\\)\|/g)?.length);
          expect(new Set(cells).size).toBe(1);
        }
      }),
      { numRuns: 300 },
    );
    expect(rendered).toBeGreaterThan(75);
  });
});
