import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderForwarder } from '../../lib/bundle/render-forwarder.ts';
import { render } from '../../lib/render/render.ts';
import { loadTemplates, type Templates } from '../../lib/render/templates.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { lintedForwarders, lintedStacks, lintedUserData, sandboxDeployment } from './support/trees.ts';

/** A template's text with a mark in each way through it, and the marks. */
function marked(path: string, text: string): { readonly text: string; readonly marks: readonly string[] } {
  const marks: string[] = [];
  const open: { readonly place: string; readonly isIf: boolean; hasElse: boolean }[] = [];
  const mark = (place: string, way: string): string => {
    marks.push(`${place} ${way}`);
    return `«${place} ${way}»`;
  };
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  const result = text.replace(
    /\{\{(#if|#each|else|\/if|\/each)(?: ([^}]*))?\}\}/g,
    (token, kind: string, value: string | undefined, offset: number) => {
      if (kind.startsWith('#')) {
        const place = `${path}:${lineOf(offset)} ${value ?? ''}`;
        open.push({ place, isIf: kind === '#if', hasElse: false });
        return `${token}${mark(place, 'yes')}`;
      }
      const block = kind === 'else' ? open.at(-1) : open.pop();
      if (block === undefined) throw new Error(`${path}: ${token} without a beginning`);
      if (kind === 'else') {
        block.hasElse = true;
        return `${token}${mark(block.place, 'no')}`;
      }
      return block.isIf && !block.hasElse ? `{{else}}${mark(block.place, 'no')}${token}` : token;
    },
  );
  return { text: result, marks };
}

const folders = ['templates', 'templates-bootstrap', 'templates-forwarder'] as const;

describe('the configurations that are linted', () => {
  let copy: TemporaryFolder;
  const marks: string[] = [];
  const marker = (folder: (typeof folders)[number]): Templates => loadTemplates(join(copy.path, folder));

  beforeAll(async () => {
    copy = await temporaryFolder();
    for (const folder of folders) {
      const root = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
      for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        if (!path.endsWith('.hbs')) continue;
        const template = marked(`${folder}/${path}`, readFileSync(join(root, path), 'utf8'));
        marks.push(...template.marks);
        const target = join(copy.path, folder, path);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, template.text);
      }
    }
  });
  afterAll(() => copy.remove());

  it('take every way through every template', () => {
    const [machine, bootstrap, forwarder] = folders.map(marker) as [Templates, Templates, Templates];
    const texts = [
      ...[...lintedStacks.map(({ deployment }) => deployment), sandboxDeployment].flatMap((deployment) =>
        [...render(deployment, machine).values()].map(({ content }) => content),
      ),
      ...lintedUserData.flatMap((one) => [...bootstrap.values()].map((print) => print(one))),
      ...lintedForwarders.flatMap((one) => [...renderForwarder(one.forwarder, forwarder).values()]),
    ].join('\n');
    const taken = new Set([...texts.matchAll(/«([^»]*)»/g)].map(([, place]) => place));
    expect(marks.length).toBeGreaterThan(100);
    expect(marks.filter((place) => !taken.has(place))).toEqual([]);
  });
});
