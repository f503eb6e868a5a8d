import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from './identities-client-request.ts';
import type { LoadCount, LoadResult, Presented } from './identities-clients.ts';

interface Running {
  readonly fresh: Promise<LoadCount>;
  readonly kept: Promise<LoadCount>;
}
let stopped = true;
/** Leaves the machine some of the processors, which are the same. */
const pauseMs = 25;
const running = new Map<string, Running>();

/** Each identity asks without an end, by new connections and by one that is kept alive. */
export function startLoad(identities: Readonly<Record<string, Presented>>): void {
  stopped = false;
  for (const [name, presented] of Object.entries(identities)) {
    running.set(name, { fresh: askOnNewConnections(presented), kept: askOnOneConnection(presented) });
  }
}

export async function stopLoad(): Promise<Readonly<Record<string, LoadResult>>> {
  stopped = true;
  const results: Record<string, LoadResult> = {};
  for (const [name, { fresh, kept }] of running) results[name] = { fresh: await fresh, kept: await kept };
  running.clear();
  return results;
}

async function askOnNewConnections(presented: Presented): Promise<LoadCount> {
  const failures: string[] = [];
  let requests = 0;
  while (!stopped) {
    requests += 1;
    await sleep(pauseMs);
    await get(presented, { agent: false }).then(
      ({ status }) => (status === 200 ? undefined : failures.push(String(status))),
      (error: unknown) => failures.push(String(error)),
    );
  }
  return { requests, failures, sentAgain: 0 };
}

/**
 * As node's own client is used with a connection that is kept alive. A server may close it at any moment while nothing
 * runs on it; a request that is on its way just then gets no answer, and a client may send it again if it can be
 * repeated (RFC 9110, 9.2.2; RFC 9112, 9.3.1). That is counted.
 */
async function askOnOneConnection(presented: Presented): Promise<LoadCount> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  let [requests, sentAgain] = [0, 0];
  while (!stopped) {
    requests += 1;
    await sleep(pauseMs);
    try {
      let asked = await get(presented, { agent }).catch((error: unknown) => error);
      if (asked instanceof Error && Reflect.get(asked, 'wasKept') === true) {
        sentAgain += 1;
        asked = await get(presented, { agent });
      }
      if (asked instanceof Error) throw asked;
      const { status } = asked as { status: number };
      if (status !== 200) failures.push(String(status));
    } catch (error) {
      failures.push(String(error));
    }
  }
  agent.destroy();
  return { requests, failures, sentAgain };
}
