import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../config/parse.ts';
import { withManifest } from '../render/rendered-folder.ts';
import { renderedTrees } from '../render/render-stacks.ts';
import type { Answers } from './answers.ts';
import { configurationOf, configurationText } from './configuration.ts';
import { gitIgnored, prettierIgnored, withLines } from './ignore-lines.ts';

const templatesDirectory = fileURLToPath(new URL('../../templates-project', import.meta.url));
const configFile = 'hardening.config.ts';

/** A file of the new project. */
export interface ProjectFile {
  /** From the project's folder, with slashes. */
  readonly path: string;
  readonly content: string;
  readonly mode: 0o644 | 0o755;
  /** Whether its content holds what was there before, so that nobody need be asked. */
  readonly keepsWhatWasThere: boolean;
}

/** All that is to be written, and what only the user can do. */
export interface Project {
  readonly files: readonly ProjectFile[];
  /** What to add to a package.json that was there before; empty where it has all, or is made. */
  readonly addToPackage: readonly string[];
  /** Whether files are rendered: not beside a configuration or a rendered/ that were there before. */
  readonly isRendered: boolean;
}

/**
 * Prepares every file of a project, and writes none.
 *
 * @param folder the project's folder, which may be missing
 * @param kit how package.json names this kit: a version, or whatever npm takes in its place
 * @throws ConfigError for an answer that the configuration cannot have
 */
export function prepareProject(folder: string, answers: Answers, kit: string): Project {
  const input = configurationOf(answers);
  const text = configurationText(input);
  const config = parseConfig(input, configFile);
  const read = (path: string): string | undefined =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : undefined;
  const file = (path: string, content: string): ProjectFile => ({
    path,
    content,
    mode: 0o644,
    keepsWhatWasThere: false,
  });
  const ignored = (path: string, lines: readonly string[]): ProjectFile => ({
    ...file(path, withLines(read(path), lines)),
    keepsWhatWasThere: true,
  });
  const packageJson = read('package.json');
  const ownConfig = read(configFile);
  const isRendered = (ownConfig === undefined || ownConfig === text) && !existsSync(join(folder, 'rendered'));
  return {
    files: [
      file(configFile, text),
      ...(packageJson === undefined ? [file('package.json', packageText(folder, kit))] : []),
      ...templateFiles('base').map(([path, content]) => file(path, content)),
      ...(answers.ci === 'none'
        ? []
        : templateFiles(answers.ci).map(([path, content]) => file(path, content))),
      ignored('.gitignore', gitIgnored),
      ignored('.prettierignore', prettierIgnored),
      ...(isRendered ? rendered(config) : []),
    ],
    addToPackage: packageJson === undefined ? [] : lacking(packageJson, kit),
    isRendered,
  };
}

function rendered(config: Parameters<typeof renderedTrees>[0]): ProjectFile[] {
  return renderedTrees(config).flatMap(([name, tree]) =>
    [...withManifest(tree)].map(([path, { content, mode }]) => ({
      path: `rendered/${name}/${path}`,
      content,
      mode,
      keepsWhatWasThere: false,
    })),
  );
}

/** The files of one folder of the templates, laid out as the project has them. */
function templateFiles(kind: string): [string, string][] {
  const folder = join(templatesDirectory, kind);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [relative(folder, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')]);
}

const scripts = { 'format:check': 'prettier --check .', typecheck: 'tsc --noEmit' };

function packageText(folder: string, kit: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const { prettier = '', typescript = '' } = kitPackage().devDependencies;
  const content = {
    name: name === '' ? 'hardening' : name,
    private: true,
    type: 'module',
    scripts,
    dependencies: { 'review-hardening-kit': kit },
    devDependencies: { prettier, typescript },
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** What a package.json lacks, as lines to add. A file that cannot be read lacks all of it. */
function lacking(text: string, kit: string): string[] {
  const own = parsed(text);
  const has = (section: string, name: string): boolean => {
    const entries = own[section];
    return typeof entries === 'object' && entries !== null && Object.hasOwn(entries, name);
  };
  const kitIsThere =
    has('dependencies', 'review-hardening-kit') || has('devDependencies', 'review-hardening-kit');
  return [
    ...(kitIsThere ? [] : [`dependencies: "review-hardening-kit": ${JSON.stringify(kit)}`]),
    ...Object.entries(scripts)
      .filter(([name]) => !has('scripts', name))
      .map(([name, command]) => `scripts: ${JSON.stringify(name)}: ${JSON.stringify(command)}`),
  ];
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** This kit's own package.json; the packed one has as much of it as is read here. */
export function kitPackage(): { version: string; devDependencies: Record<string, string> } {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return JSON.parse(text) as { version: string; devDependencies: Record<string, string> };
}
