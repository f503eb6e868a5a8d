import { rules } from '../../lib/policy/rules/index.ts';
import { cell } from './cell.ts';

/** The table of the policy's rules, as Markdown. */
export function rulesTable(): string {
  return [
    '| rule | level | what is wrong | why it matters |',
    '| --- | --- | --- | --- |',
    ...rules.map(({ id, level, title, why }) => `| \`${id}\` | ${level} | ${cell(title)} | ${cell(why)} |`),
  ].join('\n');
}
