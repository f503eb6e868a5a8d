import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reasonToSkip } from '../distributions/support/availability.ts';
import { enterRoot, type Machine } from '../distributions/support/machine.ts';
import { debianRoot, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { textOf } from '../distributions/support/gateway.ts';
import { clean, judge } from './support/finding.ts';
import { promtool, promtoolProgram, reasonForNoPromtool } from './support/promtool.ts';
import { lintedStacks, machineTree } from './support/trees.ts';

const reason = reasonForNoPromtool() ?? reasonToSkip();
if (reason !== undefined) console.warn(`promtool.test.ts: no metrics are judged here: it ${reason}`);

const program = 'usr/local/lib/hardening/report-certificates';
const file = '/var/lib/hardening-metrics/hardening-certificates.prom';
/** Of each kind one, with the longest of names: KIND NAME GENERATION NOT_AFTER. */
const list = [
  'ca ca 2 2079302400',
  'ca external-0a1b2c3d - 2079302400',
  'server server - 1795000000',
  `client ${'a'.repeat(40)} 2147483647 1700000000`,
  'client ci 3 1795000000',
];

describe.skipIf(reason !== undefined)('promtool, over what the machine tells Prometheus', () => {
  let machine: Machine;
  let tool: string;
  let metrics: string;

  beforeAll(async () => {
    tool = await promtoolProgram();
    machine = await enterRoot(await debianRoot('bookworm'));
    const [stack] = lintedStacks;
    if (stack === undefined) throw new Error('no stack is there');
    await machine.write('/var/lib/hardening/current/expiry', `${list.join('\n')}\n`);
    await machine.write(`/${program}`, textOf(machineTree(stack), program), 0o755);
    await machine.output(['mkdir', '/var/lib/hardening-metrics']);
    await machine.output([`/${program}`, '30', '120']);
    metrics = await machine.output(['cat', file]);
  }, rootTimeoutMs);
  afterAll(() => machine.stop());

  it('reads a metric for each certificate', () => {
    expect(metrics.match(/^hardening_certificate_not_after_seconds\{/gm)).toHaveLength(list.length);
  });

  it('has nothing to say that is not waived', () => {
    expect(judge('promtool', promtool(tool, file, metrics))).toEqual(clean);
  });

  it('finds a metric without help, a counter with the name of a gauge, and what is no metric', () => {
    const rules = (text: string): string[] => promtool(tool, file, text).map(({ rule }) => rule);
    expect(rules(metrics.replace(/^# HELP .*\n/m, ''))).toEqual(['no help text']);
    expect(rules(metrics.replace(' gauge', ' counter'))).toEqual([
      'counter metrics should have "_total" suffix',
    ]);
    expect(rules(metrics.replace('{kind=', '{kind'))).toHaveLength(1);
  });
});
