import { columns } from '../../lib/messages/terminal.ts';
import type { InstructionCount } from '../measure/instructions.ts';
import type { Comparison } from '../measure/throughput.ts';
import { variantNames as names, type BenchResults } from '../results.ts';
import type { Summary } from '../statistics.ts';
import { judgeGoals } from './goals.ts';

/** All results as text for a terminal; the spread of a value is half of its middle half, in per cent. */
export function renderTables(results: BenchResults): string {
  const { circumstances: at, throughput, firstToken, reloads, crls, renders, verdict } = results;
  const versions = Object.entries(at.versions).map(([name, version]) => `${name} ${version}`);
  const directDelay = firstToken.find(({ variant }) => variant === names.direct)?.medianMs ?? 0;
  return [
    `${at.date}, ${at.processors} x ${at.processor}, ${at.system}, load average ${at.loadAverage.toFixed(2)}`,
    versions.join(', '),
    ...section(
      'Requests over 32 connections, one worker. Ratios are to nginx without policy, round by round.',
      [
        '',
        'requests/s',
        'p50 ms',
        'p99 ms',
        'CPU us',
        'ratio of rates',
        'ratio of CPU',
        'of best CPU',
        'worker busy',
      ],
      throughput.map((one, index) => [
        `${one.workload.split(' ')[0] ?? ''} ${one.variant}`,
        withSpread(one.requestsPerSecond, 0),
        one.p50Ms.median.toFixed(2),
        one.p99Ms.median.toFixed(2),
        one.cpuMicroseconds === undefined ? '' : withSpread(one.cpuMicroseconds, 1),
        ...ratioCells(results.ratios[index]?.toBare),
        one.cpuMicroseconds === undefined ? '' : `${(100 * one.serverBusy).toFixed(0)} %`,
      ]),
    ),
    ...section(
      'What each part of the policy costs: the gateway without it',
      ['without', 'share of its CPU', 'ratio of rates', 'ratio of CPU', 'of best CPU'],
      results.parts.map(({ part, shareOfCpu, toBare }) => [
        part,
        `${(100 * shareOfCpu).toFixed(0)} %`,
        ...ratioCells(toBare),
      ]),
    ),
    ...instructionSection(results.instructions ?? []),
    ...section(
      'First token: from its sending to its arrival; a token is bunched that comes no earlier than the next one was sent',
      ['', 'median ms', 'p99 ms', 'added ms', 'bunched'],
      firstToken.map(({ variant, medianMs, p99Ms, bunched }) => [
        variant,
        medianMs.toFixed(2),
        p99Ms.toFixed(2),
        (medianMs - directDelay).toFixed(2),
        `${(100 * bunched).toFixed(0)} %`,
      ]),
    ),
    ...section(
      'Reload',
      ['identities', 'reload ms', 'nginx -t ms', 'worker MiB', 'master MiB'],
      reloads.map((one) => [
        String(one.identities),
        withSpread(one.reloadMs, 0),
        withSpread(one.testMs, 0),
        one.workerMiB.toFixed(1),
        one.masterMiB.toFixed(1),
      ]),
    ),
    ...section(
      'CRL: sign, check one certificate with openssl, load',
      ['entries', 'KiB', 'sign ms', 'openssl verify ms', 'reload ms', 'nginx -t ms', 'worker MiB'],
      crls.map(({ entries, sizeKiB, signMs, verifyMs, reload }) => [
        String(entries),
        sizeKiB.toFixed(0),
        withSpread(signMs, 1),
        withSpread(verifyMs, 0),
        withSpread(reload.reloadMs, 0),
        withSpread(reload.testMs, 0),
        reload.workerMiB.toFixed(1),
      ]),
    ),
    ...section(
      'Render: check the configuration, decide, print every file',
      ['services', 'ms'],
      renders.map(({ services, ms }) => [String(services), withSpread(ms, 0)]),
    ),
    '',
    typeof verdict === 'string'
      ? `npm start -- --once: ${verdict}`
      : `npm start -- --once to its end: ${verdict.laterRunSeconds.median.toFixed(2)} s, ` +
        `${verdict.firstRunSeconds.toFixed(2)} s the first time, with new keys`,
    ...section(
      'Goals',
      ['', 'measured', ''],
      judgeGoals(results).map(({ goal, measured, met }) => [
        goal,
        measured,
        met === undefined ? '?' : met ? 'met' : 'missed',
      ]),
    ),
  ].join('\n');
}

function instructionSection(counts: readonly InstructionCount[]): string[] {
  const bare = counts.find(({ without }) => without === undefined)?.instructions ?? 0;
  const whole = counts.find(({ without }) => without === '')?.instructions ?? 0;
  if (whole === 0) return [];
  return section(
    'Instructions for one request outside of the kernel, counted by valgrind',
    ['', 'instructions', 'share of the policy'],
    counts.map(({ without, instructions }) => [
      without === undefined ? names.bare : without === '' ? names.gateway(1) : `without ${without}`,
      instructions.toFixed(0),
      without === undefined ? '' : `${((100 * (whole - instructions)) / (whole - bare)).toFixed(0)} %`,
    ]),
  );
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return ['', title, ...columns([head, ...rows]).map((line) => `  ${line}`)];
}

function ratioCells(comparison: Comparison | undefined): string[] {
  const cell = (summary: Summary | undefined): string =>
    summary === undefined ? '' : withSpread(summary, 2);
  return [cell(comparison?.rate), cell(comparison?.cpu), comparison?.bestCpu?.toFixed(2) ?? ''];
}

function withSpread({ median, spread }: Summary, digits: number): string {
  return `${median.toFixed(digits)} ±${(50 * spread).toFixed(0)} %`;
}
