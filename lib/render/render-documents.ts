import { fileURLToPath } from 'node:url';
import type { Infrastructure } from '../model/infrastructure/infrastructure.ts';
import { reviewOf } from '../model/infrastructure/review.ts';
import type { FileTree } from './file-tree.ts';
import { loadTemplates, type Templates } from './templates.ts';

/** Templates of what is for a reviewer and on no machine. */
const templatesDirectory = fileURLToPath(new URL('../../templates-review', import.meta.url));

/** The templates of {@link renderDocuments}. */
export function loadDocumentTemplates(): Templates {
  return loadTemplates(templatesDirectory);
}

/**
 * Prints what a reviewer must see beside the machine's files: what terraform makes. Pure, as `render` is. A release
 * takes its files from `render`, so that none of these reaches a machine.
 */
export function renderDocuments(
  infrastructure: Infrastructure,
  templates: Templates = loadDocumentTemplates(),
): FileTree {
  const review = reviewOf(infrastructure);
  return new Map(
    [...templates].map(([path, print]) => [path, { content: print(review), mode: 0o644, isDocument: true }]),
  );
}
