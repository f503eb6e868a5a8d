import type { Deployment } from '../model/deployment.ts';
import type { FileTree } from './file-tree.ts';
import { loadTemplates, type Templates } from './templates.ts';

/**
 * Prints every file that a deployment has. Pure: the same deployment gives the same bytes on every machine.
 *
 * @throws RangeError where a value cannot stand in its file, Error where a template names one that is missing
 */
export function render(deployment: Deployment, templates: Templates = loadTemplates()): FileTree {
  return new Map(
    [...templates]
      .filter(([path]) => !deployment.absentFiles.includes(path))
      .map(([path, print]) => [
        path,
        { content: print(deployment), mode: deployment.programFiles.includes(path) ? 0o755 : 0o644 },
      ]),
  );
}
