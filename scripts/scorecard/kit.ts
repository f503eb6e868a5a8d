import type { CorpusCase } from '../../test/policy/support/corpus-case.ts';
import { brokenRules, formsOf } from '../../test/policy/support/judge.ts';
import type { Judgement } from './score.ts';

/**
 * What this kit says about a stack, in each form of it. A stack is found where exactly the rules are that it breaks: a
 * rule too few is a miss, one too many on a safe stack a false alarm.
 */
export function judgeByKit(one: CorpusCase): Judgement[] {
  return formsOf(one).map((form) => {
    const broken = brokenRules(one, form);
    const isExposed = one.finds.length > 0;
    return {
      isExposed,
      isFound: isExposed ? one.finds.every((rule) => broken.includes(rule)) : broken.length > 0,
    };
  });
}
