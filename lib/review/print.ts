import { reviewReport } from '../messages/review.ts';
import { code } from '../messages/review-markdown.ts';
import { needsApproval, type Change, type Mark } from './change.ts';
import type { Review } from './review.ts';

/** A comment on GitHub takes 65,536 characters; what is around the changes is far below the rest. */
const maximumCharacters = 50_000;

const order: readonly Mark[] = ['loses', 'widens', 'mayWiden', 'narrows', 'neutral'];

/** The review as Markdown for a comment: what needs approval first. */
export function printReview({ base, changes, stale, unread, notes }: Review): string {
  const rest = [...notes, ...(unread.length === 0 ? [] : [reviewReport.otherFiles(unread)])];
  const more = rest.length === 0 ? '' : `\n${rest.map((note) => `> ${note}\n`).join('>\n')}`;
  if (changes.length + stale.length === 0) return `${reviewReport.nothing(base.commit)}\n${more}`;
  const sorted = order.flatMap((mark) => changes.filter((change) => change.mark === mark));
  const sections = [
    [reviewReport.approveHeading, sorted.filter(needsApproval)],
    [reviewReport.narrowsHeading, sorted.filter(({ mark }) => mark === 'narrows')],
    [reviewReport.neutralHeading, sorted.filter(({ mark }) => mark === 'neutral')],
  ] as const;
  let room = maximumCharacters;
  const printed = sections.flatMap(([heading, list]) => {
    if (list.length === 0) return [];
    const lines = list.map(lineOf);
    const shown = lines.filter((line) => (room -= line.length) >= 0);
    const left = lines.length - shown.length;
    return [heading, [...shown, ...(left === 0 ? [] : [reviewReport.leftOut(left)])].join('\n')];
  });
  const [approve, narrows, neutral] = sections.map(([, list]) => list.length) as [number, number, number];
  return `${[
    reviewReport.title(approve, narrows, neutral),
    reviewReport.compared(base.commit, reviewReport.mergeBase(base.ref)),
    ...(stale.length === 0 ? [] : [reviewReport.staleHeading, reviewReport.stale(stale)]),
    ...printed,
  ].join('\n\n')}\n${more}`;
}

function lineOf({ mark, of, text }: Change): string {
  return `- ${reviewReport.marks[mark]} ${code(of)}: ${text}`;
}

/** The same data as one JSON document. */
export function reviewJson(review: Review): string {
  const { base, changes, stale, unread, notes } = review;
  const document = { base, needsApproval: changes.some(needsApproval), changes, stale, unread, notes };
  return `${JSON.stringify(document, null, 2)}\n`;
}
