import { waivers, type Linter, type Waiver } from '../waivers.ts';

/** Something that a linter said. */
export interface Finding {
  /** The linter's own name for what it looked for. */
  readonly rule: string;
  /** The file or the resource. */
  readonly where: string;
  /** In its words, for a person; a waiver does not look at it. */
  readonly said?: string;
}

/** What is left of findings after the waivers, and the waivers of the linter that none of them needed. */
export interface Judgement {
  readonly left: readonly Finding[];
  readonly unused: readonly Waiver[];
}

/** What a judgement has to be. */
export const clean: Judgement = { left: [], unused: [] };

/** Takes away what a waiver of the linter covers. A waiver of several places needs a finding in each of them. */
export function judge(
  linter: Linter,
  findings: readonly Finding[],
  given: readonly Waiver[] = waivers,
): Judgement {
  const own = given
    .filter((waiver) => waiver.linter === linter)
    .flatMap(({ where, ...waiver }) => [where].flat().map((place) => ({ ...waiver, where: place })));
  return {
    left: findings.filter((finding) => !own.some((waiver) => covers(waiver, finding))),
    unused: own.filter((waiver) => !findings.some((finding) => covers(waiver, finding))),
  };
}

/** True where the rule is the same, and the waiver's place, in which `*` is any text, is the finding's. */
function covers({ rule, where }: { rule: string; where: string }, finding: Finding): boolean {
  const place = where.split('*').map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return rule === finding.rule && new RegExp(`^${place.join('.*')}$`, 's').test(finding.where);
}
