import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilHolds } from '../gateway/support/waiting.ts';
import { deploymentTimeoutMs, reasonForNoDeployment } from './support/deployment.ts';
import { upstreamRequests } from './support/identities-record.ts';
import {
  changeTimeoutMs,
  drainSeconds,
  identityStack,
  type IdentityStack,
  type Wanted,
} from './support/identities-stack.ts';
import { terraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`identities-streams.test.ts: nothing is deployed here: it ${reason}`);

const others = { ci: { generation: 1 }, other: { generation: 1 } };
const enough = '/var/lib/hardening-ollama/enough';

describe.skipIf(reason !== undefined)('running streams', { timeout: changeTimeoutMs }, () => {
  let stack: IdentityStack;
  const begin = async (...names: readonly string[]): Promise<void> => {
    await stack.host.machine.output(['rm', '-f', enough]);
    for (const name of names) await stack.clients.stream(name, stack.presented(name));
  };

  beforeAll(async () => {
    stack = await identityStack('managed', await terraformTools());
    await stack.apply({ services: { ...others, leaver: { generation: 1 } } });
  }, deploymentTimeoutMs);
  afterAll(() => stack.stop());

  test('go on to their end where a release takes nobody away: of a changed limit, and of another service', async () => {
    await begin('ci-1', 'other-1');
    const limits: Wanted['more'] = { limits: { perAddress: { requestsPerSecond: 7 } } };
    const { said } = await stack.apply({
      services: { ...others, leaver: { generation: 1 }, added: { generation: 1 } },
      more: limits,
    });
    expect(said).toContain('reloads nginx: running streams go on in its earlier processes');
    expect(said).not.toContain('what is left of them ends');
    await stack.host.machine.output(['touch', enough]);
    const ends = await stack.clients.endStreams();
    expect(Object.values(ends).map(({ end }) => end)).toEqual(['whole', 'whole']);
  });

  test('end with the drain where an identity is revoked, its own and those of others: counted in the apply and the journal', async () => {
    await begin('leaver-1', 'ci-1', 'other-1');
    // The connection of a stream that runs, asked for more all the while, until it takes nothing.
    const statuses: (number | undefined)[] = [];
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) {
        statuses.push((await stack.clients.askOnStream('leaver-1')).status);
        await sleep(50);
      }
    })();
    const { said } = await stack.apply({ services: { ...others, added: { generation: 1 } } });
    const ends = await stack.clients.endStreams();
    over.abort();
    await asking;

    expect(Object.entries(ends).map(([name, { end }]) => [name, end])).toEqual([
      ['leaver-1', 'cut'],
      ['ci-1', 'cut'],
      ['other-1', 'cut'],
    ]);
    const counts =
      /an identity is refused, certificates were revoked; earlier processes of nginx: (\d+), their open client connections: (\d+); what is left of them ends in (\d+) s/.exec(
        said,
      );
    expect(counts?.slice(2)).toEqual(['3', String(drainSeconds)]);

    // Up to the reload it was answered, and from then on it was not, over the old connection either.
    const refusedFrom = statuses.findIndex((status) => status !== 200);
    expect(refusedFrom).toBeGreaterThan(0);
    expect(new Set(statuses.slice(refusedFrom))).toEqual(new Set([undefined]));

    let journal = '';
    await untilHolds(
      async () => {
        journal = await stack.host.machine.output(['journalctl', '-q', '-o', 'cat', '-t', 'hardening-drain']);
        return journal.includes('the drain is over');
      },
      'the line of the journal',
      () => journal,
    );
    expect(journal).toContain(
      `the drain is over; ended retired processes of nginx: ${counts?.[1] ?? ''}, cut client connections: 3\n`,
    );
    // A response that was cut is in the log like any other.
    let chats: readonly string[] = [];
    await untilHolds(
      async () => {
        chats = (await stack.host.machine.output(['cat', '/var/log/hardening-gateway/access.log']))
          .split('\n')
          .filter((line) => line.includes('"request_uri":"/ollama/api/chat"'))
          .map((line) => (JSON.parse(line) as { service: string }).service);
        return chats.length === 5;
      },
      'the lines of the log',
      () => chats.join(' '),
    );
    expect(chats.slice(2).sort()).toEqual(['ci', 'leaver', 'other']);
    expect((await stack.clients.fresh(stack.presented('leaver-1'))).status).toBe(401);
    for (const name of ['ci-1', 'other-1']) {
      expect((await stack.clients.fresh(stack.presented(name))).status).toBe(200);
    }
    const seen = [...(await upstreamRequests(stack.host)).values()].filter((service) => service === 'leaver');
    expect(seen).toHaveLength(statuses.filter((status) => status === 200).length + 1);
  });
});
