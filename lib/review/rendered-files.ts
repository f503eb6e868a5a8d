import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { StackConfig } from '../config/schema.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';
import { loadDocumentTemplates, renderDocuments } from '../render/render-documents.ts';
import { render } from '../render/render.ts';
import { withManifest } from '../render/rendered-folder.ts';
import { loadTemplates } from '../render/templates.ts';
import type { Files } from './compare-rendered.ts';

/** What `hardening render` would write for a stack, as text by path. */
export function renderer(): (name: string, stack: StackConfig) => Files {
  const [templates, documents] = [loadTemplates(), loadDocumentTemplates()];
  return (name, stack) => {
    const deployment = resolve(name, stack);
    const infrastructure = resolveInfrastructure(deployment, stack);
    const tree = new Map([...render(deployment, templates), ...renderDocuments(infrastructure, documents)]);
    return new Map([...withManifest(tree)].map(([path, { content }]) => [path, content]));
  };
}

/** The files below a folder; undefined where it is not there. Links are not followed. */
export function filesBelow(folder: string): Files | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    files.map((file) => [relative(folder, file).split(sep).join('/'), readFileSync(file, 'utf8')]),
  );
}
