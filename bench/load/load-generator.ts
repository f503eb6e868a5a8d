import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pin } from '../servers/processors.ts';
import type { LoadAnswer, LoadOrder, LoadResult } from './messages.ts';

export interface LoadGenerator {
  /**
   * Puts one window of load on a server.
   *
   * @throws Error at any answer but 200
   */
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** Starts the load generator on a processor of its own. */
export async function startLoadGenerator(processor: number): Promise<LoadGenerator> {
  const child = fork(fileURLToPath(new URL('generator.ts', import.meta.url)));
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  if (child.pid !== undefined) await pin(child.pid, processor);
  return {
    run: async (order) => {
      child.send(order);
      const [answer] = (await Promise.race([
        once(child, 'message'),
        ended.then(() => Promise.reject(new Error('the load generator has ended'))),
      ])) as [LoadAnswer];
      if ('failure' in answer) throw new Error(answer.failure);
      return answer.result;
    },
    stop: async () => {
      child.disconnect();
      await ended;
    },
  };
}
