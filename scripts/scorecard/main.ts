import { showError } from '../../lib/cli/show-error.ts';
import { columns } from '../../lib/messages/terminal.ts';
import { corpus } from '../../test/policy/corpus/index.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { judgeByKit } from './kit.ts';
import { checkov, trivy, type Findings, type OtherTool } from './others.ts';
import { recallText, scoreOf, type Score } from './score.ts';
import { writeCorpus, type WrittenCase } from './written-corpus.ts';

/** `npm run scorecard`: how this kit's policy does over the corpus, and other tools beside it. */

/** A safe stack that says which checks of a tool fail on any droplet: they tell nothing apart and are left out. */
const plainest = 'a droplet behind its firewall';

function scoresOf(found: Findings, written: readonly WrittenCase[]): Map<string, Score> {
  const baseline = found.get(written.find(({ one }) => one.name === plainest)?.folder ?? '') ?? new Set();
  const judge = ({ one, folder }: WrittenCase): { isExposed: boolean; isFound: boolean } => ({
    isExposed: one.finds.length > 0,
    isFound: [...(found.get(folder) ?? [])].some((check) => !baseline.has(check)),
  });
  return new Map([
    ...Object.keys(corpus).map(
      (topic) => [topic, scoreOf(written.filter((one) => one.topic === topic).map(judge))] as const,
    ),
    ['all', scoreOf(written.map(judge))] as const,
  ]);
}

const cells = (score: Score | undefined): string[] =>
  score === undefined ? ['', ''] : [recallText(score), `${score.falseAlarms}/${score.safe}`];

try {
  const folder = await temporaryFolder();
  try {
    const written = await writeCorpus(folder.path, corpus);
    const kit = new Map<string, Score>([
      ...Object.entries(corpus).map(([topic, cases]) => [topic, scoreOf(cases.flatMap(judgeByKit))] as const),
      ['all', scoreOf(Object.values(corpus).flat().flatMap(judgeByKit))] as const,
    ]);
    const others: { tool: OtherTool; scores: Map<string, Score> }[] = [];
    for (const tool of [checkov(), trivy()]) {
      if (tool.missing === undefined)
        others.push({ tool, scores: scoresOf(await tool.run(folder.path), written) });
      else process.stdout.write(`${tool.name} is left out: ${tool.missing}\n`);
    }
    const head = ['', 'stacks', 'this kit', '', ...others.flatMap(({ tool }) => [tool.name, ''])];
    const second = [
      'topic',
      'exposed + safe',
      'recall',
      'false alarms',
      ...others.flatMap(() => ['recall', 'false alarms']),
    ];
    const rows = [...Object.keys(corpus), 'all'].map((topic) => {
      const cases = written.filter((one) => topic === 'all' || one.topic === topic);
      const exposed = cases.filter(({ one }) => one.finds.length > 0).length;
      return [
        topic,
        `${exposed} + ${cases.length - exposed}`,
        ...cells(kit.get(topic)),
        ...others.flatMap(({ scores }) => cells(scores.get(topic))),
      ];
    });
    process.stdout.write(`${columns([head, second, ...rows]).join('\n')}\n`);
    const all = kit.get('all');
    if (all === undefined || all.found < all.exposed || all.falseAlarms > 0) process.exitCode = 1;
  } finally {
    await folder.remove();
  }
} catch (error) {
  process.exitCode = showError(error);
}
