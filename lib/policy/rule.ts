import type { Circumstances, Stack } from './stack.ts';

export type Level = 'error' | 'warning';

/** One place where a rule does not hold. */
export interface RuleFinding {
  /** The resource's address, `output.NAME`, `variable.NAME`, `provider.NAME`, `module.NAME`, `terraform`, or where a file is on the machine. */
  readonly resource: string;
  readonly problem: string;
  readonly fix: string;
}

/** A rule over a synthesized stack. Pure: it looks at its arguments and at nothing else. */
export interface Rule {
  /** The name of its file. */
  readonly id: string;
  /** An error refuses the stack; a warning is told. */
  readonly level: Level;
  /** What is wrong where it does not hold. */
  readonly title: string;
  /** Why that matters. */
  readonly why: string;
  check(stack: Stack, circumstances: Circumstances): RuleFinding[];
}
