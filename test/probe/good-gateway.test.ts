import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../../lib/probe/checks/index.ts';
import { probe, reportSchema, type ProbeReport } from '../../lib/probe/index.ts';
import { asClient, ground, startGateway, type Ground, type RunningGateway } from './support/gateway.ts';
import { nginxOpenssl } from './support/nginx.ts';

let on: Ground;
let gateway: RunningGateway;
beforeAll(async () => {
  on = await ground();
  gateway = await startGateway(on);
});
afterAll(async () => {
  await gateway.stop();
  await on.clear();
});

// nginx of Debian 12 runs with OpenSSL 3.0, which has no ML-KEM; 3.5 is the first that has.
const [major = 0, minor = 0] = nginxOpenssl().split('.').map(Number);
const hasPostQuantum = major > 3 || (major === 3 && minor >= 5);

const outcomesOf = (report: ProbeReport): Record<string, string> =>
  Object.fromEntries(report.checks.map((check) => [check.id, check.outcome]));

describe('a gateway that holds', () => {
  test('seen by a stranger: nothing is found but what its OpenSSL cannot do', async () => {
    const report = await probe(gateway.options);
    const client = ['client-key-file', 'identity-accepted', 'host-rewrite', 'forbidden-routes', 'stream'];
    const notTried = ['open-ports', 'certificate-chain', 'rate-limit', ...client];
    const expected = Object.fromEntries(
      checks.map((check) => [check.id, notTried.includes(check.id) ? 'skipped' : 'pass']),
    );
    expect(outcomesOf(report)).toEqual({
      ...expected,
      'key-exchange': hasPostQuantum ? 'pass' : 'fail',
    });
    expect(report.findings.map((one) => one.id)).toEqual([
      ...(hasPostQuantum ? [] : ['no-post-quantum-key-exchange']),
      'key-exchange-groups',
      'certificate-issuer',
    ]);
    expect(reportSchema.parse(report)).toEqual(report);
  });

  test('seen by a client: everything passes, and nothing is run but the one stream that was asked for', async () => {
    on.ollama.requests.length = 0;
    const reason = 'OpenSSL 3.0 of debian-12';
    const report = await probe({
      ...gateway.options,
      ...asClient(on),
      model: 'tiny',
      acknowledged: { 'no-post-quantum-key-exchange': reason },
    });
    const expected = Object.fromEntries(checks.map((check) => [check.id, 'pass']));
    expect(outcomesOf(report)).toEqual({
      ...expected,
      'open-ports': 'skipped',
      'key-exchange': hasPostQuantum ? 'pass' : 'fail',
    });
    expect(report.verdict).toBe('holds');
    if (!hasPostQuantum) expect(report.findings[0]?.acknowledged).toBe(reason);
    const reached = new Set(on.ollama.requests);
    expect([...reached].sort()).toEqual([
      'GET /api/tags localhost:11434',
      'GET /api/version localhost:11434',
      'POST /api/generate localhost:11434',
    ]);
    expect(on.ollama.completeBodies.filter((body) => body.includes('prompt'))).toHaveLength(1);
    expect(reportSchema.parse(report)).toEqual(report);
  });

  test('an unacknowledged low finding sets the verdict, an acknowledged one does not', async () => {
    const report = await probe(gateway.options);
    expect(report.verdict).toBe(hasPostQuantum ? 'holds' : 'findings');
  });
});
