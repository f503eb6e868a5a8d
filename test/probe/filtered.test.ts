import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probe, reportSchema } from '../../lib/probe/index.ts';
import { freePort } from '../support/free-port.ts';
import { blackHole, fullPort, type FullPort } from './support/black-hole.ts';
import { runProbe } from './support/run-command.ts';

const hole = blackHole();
if (hole === undefined)
  console.warn('skipped: no network namespace can be made here (needs root and iproute2)');
afterAll(() => hole?.remove());

describe('a host that drops packets', () => {
  // 10 s is what the product promises for the whole command: it is killed after that, and has no exit code then.
  test.skipIf(hole === undefined)(
    'is filtered on every port, never safe, and the command ends by itself',
    async () => {
      if (hole === undefined) return;
      const { code, stdout, stderr } = await runProbe([hole.address, '--json'], {}, hole.command, 10_000);
      expect(stderr).toBe('');
      expect(code).toBe(2);
      const report = reportSchema.parse(JSON.parse(stdout));
      expect(report.ports.map((port) => `${port.port} ${port.state}`)).toEqual(
        [80, 443, 3000, 8080, 8081, 8888, 11434].map((port) => `${port} filtered`),
      );
      expect(report.checks.filter((check) => check.outcome === 'pass')).toEqual([]);
      expect(report.findings).toEqual([]);
      expect(report.verdict).toBe('unknown');
    },
  );
});

if (process.platform !== 'linux') console.warn('skipped: a full queue drops packets on Linux only');
describe.skipIf(process.platform !== 'linux')('a gateway whose kernel drops packets', () => {
  let full: FullPort;
  beforeAll(async () => (full = await fullPort()));
  afterAll(() => full.stop());

  test('is filtered, and nothing of it passes', async () => {
    const report = await probe({
      host: '127.0.0.1',
      gatewayPort: full.port,
      plainPort: await freePort(),
      onlyGateway: true,
      timeoutMs: 500,
    });
    expect(report.ports.find((port) => port.port === full.port)?.state).toBe('filtered');
    expect(report.checks.filter((check) => check.outcome === 'pass').map((check) => check.id)).toEqual([
      'plain-port',
    ]);
    expect(report.verdict).toBe('unknown');
  });
});
