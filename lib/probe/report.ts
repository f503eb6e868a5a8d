import { stripVTControlCharacters } from 'node:util';
import { columns, paint, type Terminal } from '../messages/terminal.ts';
import {
  areas,
  severities,
  type Area,
  type Finding,
  type Outcome,
  type PortState,
  type ProbeReport,
  type Severity,
} from './types.ts';
import { counts } from './verdict.ts';

export { exitCodeOf } from './verdict.ts';

type Format = Parameters<typeof paint>[1];

/** Widest line of the table, in characters. */
export const reportWidth = 100;

const outcomeMarks: Readonly<Record<Outcome, readonly [string, Format]>> = {
  pass: ['✔ pass', 'green'],
  fail: ['✖ FAIL', 'red'],
  unknown: ['? unknown', 'yellow'],
  skipped: ['– skipped', 'dim'],
};
const severityFormats: Readonly<Record<Severity, Format>> = {
  critical: ['bold', 'white', 'bgRed'],
  high: ['bold', 'red'],
  medium: 'yellow',
  low: 'cyan',
  info: 'dim',
};
const stateFormats: Readonly<Record<PortState, Format>> = {
  open: 'bold',
  closed: 'dim',
  filtered: 'dim',
};

/** Breaks text at spaces into lines of at most `width` characters; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    line = rest;
  }
  lines.push(line);
  return lines;
}

/** Lays rows out in columns whose last one is wrapped to the width of the report; returns the lines of each row. */
function rowsOfLines(rows: readonly (readonly string[])[]): string[][] {
  const width = (cell: string): number => stripVTControlCharacters(cell).length;
  const last = (rows[0]?.length ?? 1) - 1;
  let taken = 2;
  for (let index = 0; index < last; index += 1) {
    taken += Math.max(...rows.map((row) => width(row[index] ?? ''))) + 2;
  }
  const wrapped = rows.map((row) =>
    wrap(row[last] ?? '', Math.max(20, reportWidth - taken)).map((line, index) =>
      index === 0 ? [...row.slice(0, last), line] : [...row.slice(0, last).map(() => ''), line],
    ),
  );
  const lines = columns(wrapped.flat()).map((line) => (line === '' ? '' : `  ${line}`));
  return wrapped.map((row) => lines.splice(0, row.length));
}

const table = (rows: readonly (readonly string[])[]): string[] => rowsOfLines(rows).flat();

const areaHeadings: Readonly<Record<Area, string>> = {
  stranger: 'What a stranger gets',
  tls: 'TLS and the certificate',
  client: 'What a client gets',
};

function checkLines(to: Terminal, report: ProbeReport): string[] {
  const rows = report.checks.map((check) => {
    const [mark, format] = outcomeMarks[check.outcome];
    const found = report.findings.filter((one) => one.check === check.id);
    const isAcknowledged = found.some((one) => one.acknowledged !== undefined);
    const isKnown = check.outcome === 'fail' && isAcknowledged && !found.some(counts);
    return [isKnown ? paint(to, 'yellow', '• known') : paint(to, format, mark), check.title, check.seen];
  });
  // Laid out as one table, so that the columns of the three parts stand under each other.
  const lines = rowsOfLines(rows);
  return areas.flatMap((area) => [
    '',
    heading(to, areaHeadings[area]),
    ...report.checks.flatMap((check, index) => (check.area === area ? (lines[index] ?? []) : [])),
  ]);
}

function heading(to: Terminal, text: string): string {
  return `  ${paint(to, ['bold', 'underline'], text)}`;
}

function findingLines(to: Terminal, one: Finding): string[] {
  const label = paint(to, severityFormats[one.severity], ` ${one.severity} `);
  const where = one.port === undefined ? '' : paint(to, 'dim', ` (port ${one.port})`);
  const part = (name: string, text: string): string[] => [paint(to, 'dim', name), text];
  return [
    '',
    ` ${label} ${paint(to, 'bold', one.title)}${where}`,
    ...table([part('id', one.id), part('seen', one.seen), part('why', one.why), part('fix', one.fix)]),
  ];
}

function summary(to: Terminal, report: ProbeReport): string {
  const counted = report.findings.filter(counts);
  const passed = report.checks.filter((check) => check.outcome === 'pass').length;
  const skippedCount = report.checks.filter((check) => check.outcome === 'skipped').length;
  const untold = report.checks.filter((check) => check.outcome === 'unknown').length;
  const acknowledged = report.findings.filter((one) => one.acknowledged !== undefined).length;
  const tail = [
    `${passed} passed`,
    ...(untold === 0 ? [] : [`${untold} could not be told`]),
    ...(skippedCount === 0 ? [] : [`${skippedCount} skipped`]),
    ...(acknowledged === 0 ? [] : [`${acknowledged} acknowledged`]),
  ].join(', ');
  const seconds = `${(report.durationMs / 1000).toFixed(1)} s`;
  if (report.verdict === 'holds') {
    return `  ${paint(to, ['bold', 'green'], '✔ It holds')}: ${tail}, in ${seconds}.`;
  }
  if (report.verdict === 'unknown') {
    return `  ${paint(to, ['bold', 'yellow'], '? It could not be told')}: ${tail}, in ${seconds}.`;
  }
  const bySeverity = severities
    .map((severity) => [severity, counted.filter((one) => one.severity === severity).length] as const)
    .filter(([, number]) => number > 0)
    .map(([severity, number]) => `${number} ${severity}`)
    .join(', ');
  const noun = counted.length === 1 ? 'finding' : 'findings';
  const line = `  ${paint(to, ['bold', 'red'], `✖ ${counted.length} ${noun}`)} (${bySeverity});`;
  const rest = `${tail}, in ${seconds}.`;
  const isLong = stripVTControlCharacters(line).length + 1 + rest.length > reportWidth;
  return isLong ? `${line}\n    ${rest}` : `${line} ${rest}`;
}

/** Prints a report as a table of at most 100 columns, coloured where the terminal shows colours. */
export function renderReport(report: ProbeReport, to: Terminal): string {
  const name = report.serverName === report.host ? report.host : `${report.serverName} at ${report.host}`;
  const address = report.address === report.host ? '' : ` (${report.address})`;
  const portRows = report.ports.map((port) => [
    String(port.port).padStart(5),
    paint(to, stateFormats[port.state], port.state),
    port.role === 'other' ? '' : port.role,
    port.seen,
  ]);
  const told = report.findings.filter(counts);
  const known = report.findings.filter((one) => one.acknowledged !== undefined);
  const infos = report.findings.filter((one) => !counts(one) && one.acknowledged === undefined);
  return [
    `  ${paint(to, 'bold', 'What an attacker sees of')} ${paint(to, ['bold', 'cyan'], name)}${address}`,
    '',
    heading(to, 'Ports'),
    ...table(portRows),
    ...checkLines(to, report),
    ...(told.length === 0
      ? []
      : ['', heading(to, 'Findings'), ...told.flatMap((one) => findingLines(to, one))]),
    ...(known.length === 0
      ? []
      : ['', heading(to, 'Acknowledged'), ...table(known.map((one) => [one.title, one.acknowledged ?? '']))]),
    ...(infos.length === 0
      ? []
      : ['', heading(to, 'For the record'), ...table(infos.map((one) => [one.title, one.seen]))]),
    '',
    summary(to, report),
    '',
  ].join('\n');
}
