import { readdirSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findingTexts } from '../../lib/messages/probe-findings.ts';
import { checks } from '../../lib/probe/checks/index.ts';
import { renderReport, reportWidth, wrap } from '../../lib/probe/report.ts';
import { reportSchema, type Finding, type ProbeReport } from '../../lib/probe/types.ts';
import { exitCodeOf, verdictOf } from '../../lib/probe/verdict.ts';

const here = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const plain = { stream: process.stdout, colour: false, interactive: false };
const colours = { ...plain, colour: true };

const ids = Object.keys(findingTexts) as (keyof typeof findingTexts)[];
const everyFinding: Finding[] = ids.map((id) => ({
  id,
  check: id === 'open-ollama' ? id : 'tls-versions',
  ...findingTexts[id],
  seen: 'GET /ollama/api/tags: 401 "a client certificate is required" from nginx',
  port: 11434,
}));

const report: ProbeReport = {
  version: 1,
  host: 'gateway.example.com',
  address: '203.0.113.7',
  serverName: 'gateway.example.com',
  gatewayPort: 443,
  plainPort: 80,
  startedAt: '2026-11-23T12:00:00.000Z',
  durationMs: 1234,
  ports: [
    {
      port: 80,
      role: 'plain',
      state: 'open',
      tls: false,
      service: 'http',
      seen: 'HTTP 401 "use TLS" from nginx',
    },
    {
      port: 443,
      role: 'gateway',
      state: 'open',
      tls: true,
      service: 'http',
      seen: 'TLS 1.3, HTTP 401 from nginx',
    },
    { port: 11434, role: 'other', state: 'filtered', tls: false, service: 'none', seen: 'no answer in time' },
  ],
  checks: checks.map(({ id, title, area }, index) => ({
    id,
    title,
    area,
    outcome: (['pass', 'pass', 'fail', 'unknown', 'skipped'] as const)[index % 5] ?? 'pass',
    seen: index % 6 === 0 ? '401 to GET /ollama/api/tags, POST /ollama/api/generate, and so on' : '401',
  })),
  findings: everyFinding,
  verdict: 'findings',
};

describe('the table', () => {
  test('it is the same text for the same report', async () => {
    const [first, second] = everyFinding as [Finding, Finding];
    const known = { ...second, check: 'no-certificate', acknowledged: 'a test' };
    const few = {
      ...report,
      findings: [first, known, ...everyFinding.filter((one) => one.severity === 'info')],
    };
    await expect(renderReport(few, plain)).toMatchFileSnapshot('__snapshots__/report.txt');
  });

  test.each([
    ['plain', plain],
    ['in colours', colours],
  ])('%s, no line is wider than 100 columns, whatever was found', (_what, to) => {
    const widths = renderReport(report, to)
      .split('\n')
      .map((line) => stripVTControlCharacters(line).length);
    expect(reportWidth).toBe(100);
    expect(Math.max(...widths)).toBeLessThanOrEqual(reportWidth);
  });

  test('colours change nothing but the colours', () => {
    expect(stripVTControlCharacters(renderReport(report, colours))).toBe(renderReport(report, plain));
  });

  test.each([
    ['', 10, ['']],
    ['a bb ccc', 4, ['a bb', 'ccc']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['a abcdefghij', 4, ['a', 'abcd', 'efgh', 'ij']],
  ])('%j wrapped to %i', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});

describe('the verdict', () => {
  const low = everyFinding.find((one) => one.severity === 'low') as Finding;
  const info = everyFinding.find((one) => one.severity === 'info') as Finding;
  const passed = { ...(report.checks[0] as ProbeReport['checks'][number]), outcome: 'pass' as const };
  const untold = { ...passed, outcome: 'unknown' as const };
  const notTried = { ...passed, outcome: 'skipped' as const };
  test.each([
    ['nothing found', [], [passed, notTried], 'holds', 0],
    ['only something for the record', [info], [passed], 'holds', 0],
    ['a low finding', [low], [passed], 'findings', 1],
    ['a low finding that is acknowledged', [{ ...low, acknowledged: 'known' }], [passed], 'holds', 0],
    ['something that could not be told', [], [passed, untold], 'unknown', 2],
    ['a finding beside something that could not be told', [low], [untold], 'findings', 1],
    [
      'an acknowledged one beside something that could not be told',
      [{ ...low, acknowledged: 'known' }],
      [untold],
      'unknown',
      2,
    ],
  ] as const)('%s', (_what, findings, results, verdict, code) => {
    expect(verdictOf(findings, results)).toBe(verdict);
    expect(exitCodeOf({ ...report, verdict })).toBe(code);
  });
});

describe('names', () => {
  test('a check has the name of its file', () => {
    const files = readdirSync(here('lib/probe/checks/')).map((file) => file.replace(/\.ts$/, ''));
    expect(checks.map((check) => check.id).sort()).toEqual(files.filter((file) => file !== 'index').sort());
  });

  test('docs/probe.md tells every check, every finding with its severity, and every field', () => {
    // Without the spaces that the formatter lines the tables up with.
    const text = readFileSync(here('docs/probe.md'), 'utf8').replaceAll(/ +/g, ' ');
    for (const { id } of checks) expect(text, id).toContain(`| \`${id}\``);
    for (const id of ids) expect(text, id).toContain(`| \`${id}\` | ${findingTexts[id].severity} |`);
    const { shape } = reportSchema;
    const rows = [shape, shape.ports.element.shape, shape.checks.element.shape, shape.findings.element.shape];
    for (const name of rows.flatMap((fields) => Object.keys(fields)))
      expect(text, name).toContain(`| \`${name}\``);
  });

  test('every finding is made by a check', () => {
    const sources = readdirSync(here('lib/probe/checks/'))
      .map((file) => readFileSync(here(`lib/probe/checks/${file}`), 'utf8'))
      .join('\n');
    for (const id of ids) expect(sources, id).toContain(`'${id}'`);
  });
});
