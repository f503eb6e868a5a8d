import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { renderText } from '../messages/render.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';
import type { FileTree } from './file-tree.ts';
import { loadDocumentTemplates, renderDocuments } from './render-documents.ts';
import { render } from './render.ts';
import {
  compareFolder,
  otherRenderedFolders,
  requireRendered,
  writeFolder,
  type FolderDifference,
} from './rendered-folder.ts';
import { orTell } from './system-errors.ts';
import { loadTemplates } from './templates.ts';

/**
 * Renders every stack into a folder of its own under `directory`, and removes the folder of a stack that is gone.
 * Everything is rendered, and every folder looked at, before the first byte is written.
 *
 * @param check compares only, and changes nothing
 * @throws UserError where a folder is somebody else's or cannot be used
 * @returns the differences that were found (and, without `check`, mended), with paths relative to `directory`
 */
export async function renderStacks(
  config: Config,
  directory: string,
  check: boolean,
): Promise<FolderDifference[]> {
  const trees = renderedTrees(config);
  const gone = await otherRenderedFolders(directory, Object.keys(config.stacks));
  const compared = new Map<string, FolderDifference[]>();
  for (const [name, tree] of trees) compared.set(name, await compareFolder(join(directory, name), tree));
  if (!check) {
    for (const [name, found] of compared) requireRendered(join(directory, name), found);
    for (const [name, tree] of trees) await writeFolder(join(directory, name), tree);
    for (const name of gone) await removeRendered(join(directory, name));
  }
  return [
    ...[...compared].flatMap(([name, found]) =>
      found.map((difference) => ({ ...difference, path: `${name}/${difference.path}` })),
    ),
    ...gone.map((name) => ({ path: `${name}/`, kind: 'stray' as const, diff: '' })),
  ];
}

/** The tree of every stack, for a machine and its reviewer, by the stack's name. */
export function renderedTrees(config: Config): (readonly [string, FileTree])[] {
  const [templates, documentTemplates] = [loadTemplates(), loadDocumentTemplates()];
  return Object.entries(config.stacks).map(([name, stack]) => {
    const deployment = resolve(name, stack);
    const documents = renderDocuments(resolveInfrastructure(deployment, stack), documentTemplates);
    return [name, new Map([...render(deployment, templates), ...documents])];
  });
}

async function removeRendered(folder: string): Promise<void> {
  await orTell(
    () => rm(folder, { recursive: true }),
    (code) => renderText.unusable(folder, code),
  );
}
