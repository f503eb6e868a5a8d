import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * Every file that was synthesized into a folder, by its path. What an engine says about itself is taken out, and
 * nothing else: the number of its version, in each stack's `//`.metadata.version and in the manifest's version. JSON is
 * laid out anew, in the order that it has; so `[]` and `[ ]` on two lines are the same, and `[]` and nothing are not.
 */
export async function synthesizedFiles(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  const contents = files.map(async (file) => {
    const path = relative(folder, file);
    return [path, withoutVersion(path, await readFile(file, 'utf8'))] as const;
  });
  return Object.fromEntries((await Promise.all(contents)).sort());
}

function withoutVersion(path: string, text: string): string {
  if (path === 'manifest.json') {
    const manifest = JSON.parse(text) as { version?: string };
    delete manifest.version;
    return JSON.stringify(manifest, undefined, 2);
  }
  if (/^stacks\/[^/]+\/cdk\.tf\.json$/.test(path)) {
    const stack = JSON.parse(text) as { '//'?: { metadata?: { version?: string } } };
    delete stack['//']?.metadata?.version;
    return JSON.stringify(stack, undefined, 2);
  }
  return text;
}
