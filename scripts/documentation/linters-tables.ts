import { linters } from '../../test/linters/linters.ts';
import { waivers } from '../../test/linters/waivers.ts';
import { cell } from './cell.ts';

/** The table of the linters, as Markdown. */
export function lintersTable(): string {
  return [
    '| linter | version | what it reads | findings that stay | test |',
    '| --- | --- | --- | --- | --- |',
    ...linters.map(({ linter, version, reads, test }) => {
      const stay = waivers.filter((waiver) => waiver.linter === linter).length;
      return `| \`${linter}\` | ${version} | ${cell(reads)} | ${stay === 0 ? 'none' : `${stay}, waived below`} | \`${test}\` |`;
    }),
  ].join('\n');
}

/** The table of the waivers, as Markdown. */
export function waiversTable(): string {
  return [
    '| linter | rule | where | why it stays |',
    '| --- | --- | --- | --- |',
    ...waivers.map(({ linter, rule, where, reason }) => {
      const places = [where].flat().map((place) => `\`${place}\``);
      return `| ${linter} | \`${rule}\` | ${places.join(', ')} | ${cell(reason)} |`;
    }),
  ].join('\n');
}
