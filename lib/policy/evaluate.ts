import { policyText } from '../messages/policy.ts';
import type { Acknowledgement } from './acknowledgements.ts';
import type { Level, Rule, RuleFinding } from './rule.ts';
import { rules } from './rules/index.ts';
import type { Circumstances, Stack } from './stack.ts';

/** One finding of one rule over one stack. */
export interface Finding extends RuleFinding {
  readonly stack: string;
  readonly rule: string;
  readonly level: Level;
  /** Why it may stay. Undefined: nobody has said so. */
  readonly acknowledged: string | undefined;
}

/** The id of what is found about acknowledgements themselves: no rule has it, and nothing acknowledges it. */
export const unusedAcknowledgement = 'unused-acknowledgement';

/** What the rules look at where a caller says nothing: Ollama's own default, and today. */
export function defaultCircumstances(modelPorts: readonly number[] = []): Circumstances {
  return { modelPorts: [...new Set([11_434, ...modelPorts])], now: new Date() };
}

/**
 * Runs the rules over a stack. A rule that throws is a finding of its own, at level error, and the others run on.
 *
 * @returns the findings in the order of rules and resources, those that are acknowledged included
 */
export function evaluateStack(
  stack: Stack,
  circumstances: Circumstances = defaultCircumstances(),
  acknowledgements: readonly Acknowledgement[] = [],
  toRun: readonly Rule[] = rules,
): Finding[] {
  return toRun
    .flatMap((rule) => run(rule, stack, circumstances))
    .map((finding) => ({
      ...finding,
      acknowledged: acknowledgements.find((one) => covers(one, finding))?.reason,
    }));
}

const covers = (one: Acknowledgement, { rule, resource }: Pick<Finding, 'rule' | 'resource'>): boolean =>
  one.rule === rule && one.resource === resource;

/** Acknowledgements that cover none of the findings, each a warning: it would cover the next one unread. */
export function unusedAcknowledgements(
  findings: readonly Finding[],
  acknowledgements: readonly Acknowledgement[],
  stack: string,
): Finding[] {
  return acknowledgements
    .filter((one) => !findings.some((finding) => covers(one, finding)))
    .map(({ rule, resource }) => ({
      stack,
      rule: unusedAcknowledgement,
      level: 'warning',
      resource,
      problem: policyText.unused(rule),
      fix: policyText.unusedFix,
      acknowledged: undefined,
    }));
}

function run(rule: Rule, stack: Stack, circumstances: Circumstances): Omit<Finding, 'acknowledged'>[] {
  const of = (finding: RuleFinding, level: Level): Omit<Finding, 'acknowledged'> => ({
    stack: stack.name,
    rule: rule.id,
    level,
    ...finding,
  });
  try {
    return rule.check(stack, circumstances).map((finding) => of(finding, rule.level));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [
      of({ resource: 'terraform', problem: policyText.failed(message), fix: policyText.failedFix }, 'error'),
    ];
  }
}

/** Whether findings refuse a stack: an error that nobody has acknowledged. */
export function isRefused(findings: readonly Finding[]): boolean {
  return findings.some(({ level, acknowledged }) => level === 'error' && acknowledged === undefined);
}
