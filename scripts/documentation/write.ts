import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { optionsTable } from './options-table.ts';
import { withSection } from './sections.ts';

/** Puts what is generated into the README: `npm run documentation`. */
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const text = withSection(readFileSync(readme, 'utf8'), 'options', optionsTable());
writeFileSync(readme, await format(text, { ...(await resolveConfig(readme)), filepath: readme }));
