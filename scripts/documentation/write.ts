import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { lintersTable, waiversTable } from './linters-tables.ts';
import { optionsTable } from './options-table.ts';
import { rulesTable } from './rules-table.ts';
import { withSection } from './sections.ts';

/** Puts what is generated into the README and into docs/: `npm run documentation`. */
const sections = [
  ['README.md', 'options', optionsTable],
  ['docs/policy.md', 'rules', rulesTable],
  ['docs/linters.md', 'linters', lintersTable],
  ['docs/linters.md', 'waivers', waiversTable],
] as const;
for (const [path, section, table] of sections) {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const text = withSection(readFileSync(file, 'utf8'), section, table());
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}
