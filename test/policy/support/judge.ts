import { evaluateStack } from '../../../lib/policy/evaluate.ts';
import { assetFile } from '../../../lib/policy/input/assets.ts';
import { parseStack } from '../../../lib/policy/input/read-stack.ts';
import { asPlan } from './as-plan.ts';
import type { CorpusCase } from './corpus-case.ts';

/** A day on which every supported image is. */
const now = new Date('2026-11-25T00:00:00Z');

/** The rules that a stack of the corpus breaks, each once, in order; in either form of it. */
export function brokenRules(one: CorpusCase, form: 'configuration' | 'plan'): string[] {
  const json = form === 'plan' ? asPlan(one.stack) : one.stack;
  const files = Object.entries(one.files ?? {}).map(([path, content]) => assetFile(path, content));
  const stack = parseStack(one.name, JSON.stringify(json), files, { beside: one.beside ?? [] });
  const findings = evaluateStack(stack, { modelPorts: [11_434, ...(one.modelPorts ?? [])], now });
  return [...new Set(findings.map(({ rule }) => rule))].sort();
}

/** The forms that a case is looked at in. */
export function formsOf({ stack, inPlan }: CorpusCase): readonly ('configuration' | 'plan')[] {
  return inPlan === false || 'resource_changes' in stack ? ['configuration'] : ['configuration', 'plan'];
}
