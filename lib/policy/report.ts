import { policyText } from '../messages/policy.ts';
import { paint, type Terminal } from '../messages/terminal.ts';
import type { Finding } from './evaluate.ts';
import type { Rule } from './rule.ts';

/** The findings as lines for a person: by stack, errors first, what was acknowledged last. */
export function reportOf(
  findings: readonly Finding[],
  stacks: readonly string[],
  rules: readonly Rule[],
  out: Terminal,
): string {
  const why = new Map(rules.map((rule) => [rule.id, rule.why]));
  const lines = stacks.flatMap((stack) => {
    const own = findings.filter((finding) => finding.stack === stack);
    if (own.length === 0) return [];
    const open = own.filter(({ acknowledged }) => acknowledged === undefined);
    const ordered = [
      ...open.filter(({ level }) => level === 'error'),
      ...open.filter(({ level }) => level === 'warning'),
      ...own.filter(({ acknowledged }) => acknowledged !== undefined),
    ];
    const told = new Set<string>();
    return [
      paint(out, 'bold', stack),
      ...ordered.flatMap((finding) => {
        const { rule, acknowledged } = finding;
        const reason = told.has(rule) || acknowledged !== undefined ? undefined : why.get(rule);
        told.add(rule);
        return [...findingLines(finding, out), ...(reason === undefined ? [] : [`      why: ${reason}`])];
      }),
      `  ${countOf(own)}`,
      '',
    ];
  });
  return lines.length === 0 ? policyText.clean(stacks.length, rules.length) : lines.join('\n');
}

/** A finding in one line without colours. */
export function findingLine({ rule, resource, problem, fix }: Finding): string {
  return `${rule}  ${resource}: ${problem}; fix: ${fix}`;
}

function findingLines(
  { rule, level, resource, problem, fix, acknowledged }: Finding,
  out: Terminal,
): string[] {
  if (acknowledged !== undefined) {
    return [`  - ${rule}  ${resource}: ${problem}`, `      ${policyText.acknowledged(acknowledged)}`];
  }
  const sign = level === 'error' ? paint(out, 'red', '✘') : paint(out, 'yellow', '!');
  return [`  ${sign} ${rule}  ${resource}: ${problem}`, `      fix: ${fix}`];
}

function countOf(findings: readonly Finding[]): string {
  const open = findings.filter(({ acknowledged }) => acknowledged === undefined);
  return policyText.count(
    open.filter(({ level }) => level === 'error').length,
    open.filter(({ level }) => level === 'warning').length,
    findings.length - open.length,
  );
}
