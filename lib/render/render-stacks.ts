import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';
import { loadDocumentTemplates, renderDocuments } from './render-documents.ts';
import { render } from './render.ts';
import {
  compareFolder,
  otherRenderedFolders,
  writeFolder,
  type FolderDifference,
} from './rendered-folder.ts';
import { loadTemplates } from './templates.ts';

/**
 * Renders every stack into a folder of its own under `directory`, and removes the folder of a stack that is gone.
 * Everything is rendered before the first byte is written.
 *
 * @param check compares only, and changes nothing
 * @returns the differences that were found (and, without `check`, mended), with paths relative to `directory`
 */
export async function renderStacks(
  config: Config,
  directory: string,
  check: boolean,
): Promise<FolderDifference[]> {
  const [templates, documentTemplates] = [loadTemplates(), loadDocumentTemplates()];
  const trees = Object.entries(config.stacks).map(([name, stack]) => {
    const deployment = resolve(name, stack);
    const documents = renderDocuments(resolveInfrastructure(deployment, stack), documentTemplates);
    return [name, new Map([...render(deployment, templates), ...documents])] as const;
  });
  const gone = await otherRenderedFolders(directory, Object.keys(config.stacks));
  const differences: FolderDifference[] = [];
  for (const [name, tree] of trees) {
    const found = await (check ? compareFolder : writeFolder)(join(directory, name), tree);
    differences.push(...found.map((difference) => ({ ...difference, path: `${name}/${difference.path}` })));
  }
  for (const name of gone) {
    if (!check) await rm(join(directory, name), { recursive: true });
    differences.push({ path: `${name}/`, kind: 'stray', diff: '' });
  }
  return differences;
}
