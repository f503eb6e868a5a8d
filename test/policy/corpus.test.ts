import { describe, expect, it } from 'vitest';
import { rules } from '../../lib/policy/rules/index.ts';
import { corpus } from './corpus/index.ts';
import { brokenRules, formsOf } from './support/judge.ts';

const all = Object.values(corpus).flat();

describe.each(Object.entries(corpus))('the corpus: %s', (_topic, cases) => {
  it.each(
    cases.flatMap((one) =>
      formsOf(one).map((form) => [`${one.name} (${form}): ${one.why}`, one, form] as const),
    ),
  )('%s', (_title, one, form) => {
    expect(brokenRules(one, form)).toEqual([...one.finds].sort());
  });
});

describe('the corpus', () => {
  it('has 150 stacks or more, each with a name of its own', () => {
    expect(all.length).toBeGreaterThanOrEqual(150);
    const names = Object.entries(corpus).flatMap(([topic, cases]) =>
      cases.map(({ name }) => `${topic}: ${name}`),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(rules.map(({ id }) => id))('has a stack that breaks %s, and a near one that does not', (id) => {
    expect(all.filter(({ finds }) => finds.includes(id)).length).toBeGreaterThan(0);
    const topics = Object.values(corpus).filter((cases) => cases.some(({ finds }) => finds.includes(id)));
    expect(topics.flat().filter(({ finds }) => finds.length === 0).length).toBeGreaterThan(0);
  });
});
