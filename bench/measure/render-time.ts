import { parseConfig } from '../../lib/config/parse.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { render } from '../../lib/render/render.ts';
import { stackOf } from '../servers/gateway.ts';
import { stackName } from '../servers/site.ts';
import { summarise, type Summary } from '../statistics.ts';

export interface RenderTime {
  readonly services: number;
  /** To check the configuration, make every decision and print every file, templates read anew. */
  readonly ms: Summary;
}

export function measureRenderTime(services: number, times: number): RenderTime {
  const input = { stacks: { [stackName]: stackOf(services) } };
  const samples = Array.from({ length: times }, () => {
    const start = performance.now();
    const stack = parseConfig(input, 'bench').stacks[stackName];
    if (stack === undefined) throw new Error('the stack is gone');
    render(resolve(stackName, stack));
    return performance.now() - start;
  });
  return { services, ms: summarise(samples) };
}
