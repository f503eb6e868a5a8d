import { describe, expect, test } from 'vitest';
import { pass, type Check } from '../../lib/probe/check.ts';
import { makeContext, limiter, type ProbeContext } from '../../lib/probe/context.ts';
import { Deadline } from '../../lib/probe/deadline.ts';
import { runCheck } from '../../lib/probe/run-check.ts';
import type { Target } from '../../lib/probe/target.ts';
import type { PortReport } from '../../lib/probe/types.ts';

const target: Target = {
  host: '127.0.0.1',
  address: '127.0.0.1',
  otherAddresses: [],
  serverName: 'gateway.test',
  gatewayPort: 443,
  plainPort: null,
  onlyGateway: true,
  timeoutMs: 600_000,
  deadlineMs: 600_000,
  acknowledged: {},
};
const identity = { cert: '', key: '' };

function context(gateway: Partial<PortReport>, more: Partial<Target> = {}): ProbeContext {
  const report: PortReport = {
    port: 443,
    role: 'gateway',
    state: 'open',
    tls: true,
    service: 'http',
    seen: '',
    ...gateway,
  };
  return makeContext({ ...target, ...more }, [{ report }], () => new AbortController().signal);
}

const check = (needs: Check['needs'], run: Check['run'] = () => pass('run')): Check => ({
  id: 'open-ports',
  title: 'A check',
  area: 'stranger',
  needs,
  run,
});

async function outcome(one: Check, on: ProbeContext, totalMs = 600_000): Promise<string> {
  const deadline = new Deadline(totalMs);
  try {
    const { outcome: what, seen } = await runCheck(one, on, deadline);
    return `${what}: ${seen}`;
  } finally {
    deadline.end();
  }
}

describe('a check', () => {
  test.each([
    ['that needs nothing', 'nothing', { state: 'closed' }, {}, 'pass: run'],
    ['of a gateway that is closed', 'gateway', { state: 'closed' }, {}, 'unknown: port 443 is closed'],
    ['of a gateway that is filtered', 'tls', { state: 'filtered' }, {}, 'unknown: port 443 is filtered'],
    ['of a gateway without TLS', 'gateway', { tls: false }, {}, 'pass: run'],
    ['of TLS without TLS', 'tls', { tls: false, seen: 'HTTP' }, {}, 'unknown: no TLS on port 443: HTTP'],
    ['of a client without an identity', 'identity', {}, {}, 'skipped: no --cert and --key given'],
    ['of a client with one', 'identity', {}, { identity }, 'pass: run'],
    [
      'of a client with one, of a closed gateway',
      'identity',
      { state: 'closed' },
      { identity },
      'unknown: port 443 is closed',
    ],
    ['of a stream without a model', 'model', {}, { identity }, 'skipped: no --model given'],
    ['of a stream with one', 'model', {}, { identity, model: 'tiny' }, 'pass: run'],
  ] as const)('%s', async (_what, needs, gateway, more, expected) => {
    expect(await outcome(check(needs), context(gateway, more))).toBe(expected);
  });

  test('that throws is unknown', async () => {
    const broken = check('nothing', () => {
      throw new Error('broken');
    });
    expect(await outcome(broken, context({}))).toBe('unknown: the check failed: broken');
    const rejecting = check('nothing', () => Promise.reject(new Error('rejected')));
    expect(await outcome(rejecting, context({}))).toBe('unknown: the check failed: rejected');
  });

  test('that hangs is unknown at the deadline', async () => {
    const hanging = check('nothing', () => new Promise(() => undefined));
    expect(await outcome(hanging, context({}), 50)).toBe('unknown: no time was left');
  });

  test('that comes after the deadline is not begun', async () => {
    const deadline = new Deadline(600_000);
    deadline.end();
    let runs = 0;
    const counting = check('nothing', () => pass(String((runs += 1))));
    expect((await runCheck(counting, context({}), deadline)).outcome).toBe('unknown');
    expect(runs).toBe(0);
  });
});

describe('the deadline', () => {
  test('its end aborts every step, and those that come later are aborted from the start', () => {
    const deadline = new Deadline(600_000);
    const step = deadline.step(600_000);
    expect(step.aborted).toBe(false);
    deadline.end();
    expect(step.aborted).toBe(true);
    expect(deadline.step(600_000).aborted).toBe(true);
    expect(deadline.passed).toBe(true);
  });
});

test('no more connections at once than allowed, and all get their turn', async () => {
  const limited = limiter(3);
  let running = 0;
  let most = 0;
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      limited(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return index;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(results).toEqual(Array.from({ length: 20 }, (_, index) => index));
});
