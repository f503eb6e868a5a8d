import { expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { render } from '../../lib/render/render.ts';
import { policyParts } from '../../bench/measure/policy-parts.ts';
import { stackOf } from '../../bench/servers/gateway.ts';
import { stackName } from '../../bench/servers/site.ts';

const stack = parseConfig({ stacks: { [stackName]: stackOf(1) } }, 'bench').stacks[stackName];
if (stack === undefined) throw new Error('the stack is gone');
const tree = render(resolve(stackName, stack));

it.each(policyParts)('the bench can take $name out of the rendered files', ({ without }) => {
  const changed = without(tree);
  expect([...changed.keys()]).toEqual([...tree.keys()]);
  expect([...changed]).not.toEqual([...tree]);
});
