import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { withManifest } from '../../lib/render/rendered-folder.ts';
import { render } from '../../lib/render/render.ts';
import { fullStack, hostileStack, hostileStackName, minimalStack } from '../support/example-stacks.ts';
import type { StackInput } from '../support/test-gateway.ts';

describe.each<[string, string, StackInput]>([
  ['minimal', 'minimal', minimalStack],
  ['full', 'full', fullStack],
  ['hostile', hostileStackName, hostileStack],
])('the %s configuration', (name, stackName, input) => {
  const stack = parseConfig({ stacks: { [stackName]: input } }, 'test').stacks[stackName];
  if (stack === undefined) throw new Error('the stack is gone');
  const tree = withManifest(render(resolve(stackName, stack)));

  it.each([...tree.keys()])('renders %s', async (path) => {
    await expect(tree.get(path)?.content).toMatchFileSnapshot(`__snapshots__/${name}/${path}`);
  });
});
