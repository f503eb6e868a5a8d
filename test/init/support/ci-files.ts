import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The templates of a new project, one folder for each code host. */
export const projectTemplates = fileURLToPath(new URL('../../../templates-project/', import.meta.url));

/** The CI files of every code host: path below {@link projectTemplates}, and text. */
export const ciFiles: readonly (readonly [path: string, text: string])[] = [
  'github',
  'gitlab',
  'bitbucket',
].flatMap((kind) =>
  readdirSync(join(projectTemplates, kind), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yml'))
    .map((path) => [`${kind}/${path}`, readFileSync(join(projectTemplates, kind, path), 'utf8')] as const),
);

/** The text of each `- |` or `run: |` block, without its indentation. */
export function scriptsOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/(?:- |run: )\|$/.test(line)) return [];
    const rest = lines.slice(index + 1);
    const indent = /^ */.exec(rest[0] ?? '')?.[0] ?? '';
    const end = rest.findIndex((one) => one !== '' && !one.startsWith(indent));
    return [
      rest
        .slice(0, end === -1 ? undefined : end)
        .map((one) => one.slice(indent.length))
        .join('\n'),
    ];
  });
}
