import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../../lib/config/load.ts';
import { renderStacks } from '../../../lib/render/render-stacks.ts';
import { review, type Review, type ReviewOptions } from '../../../lib/review/review.ts';
import type { StackInput } from '../../support/test-gateway.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

export type Stacks = Readonly<Record<string, StackInput>>;

/** A git repository with a configuration, made by the test. */
export interface Repository {
  readonly path: string;
  git(...parameters: string[]): string;
  write(path: string, text: string): Promise<void>;
  /** Writes the configuration, and nothing else. */
  configure(stacks: Stacks): Promise<void>;
  /** Renders what the configuration says. */
  render(): Promise<void>;
  commit(message: string): string;
  review(more?: Partial<ReviewOptions>): Promise<Review>;
  remove(): Promise<void>;
}

/** Makes an empty repository whose default branch is main. Nobody's settings of git hold there. */
export async function repository(): Promise<Repository> {
  const folder = await temporaryFolder();
  const config = join(folder.path, 'hardening.config.ts');
  const git = (...parameters: string[]): string =>
    execFileSync('git', parameters, {
      cwd: folder.path,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder.path,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Test',
        GIT_AUTHOR_EMAIL: 'test@example.com',
        GIT_COMMITTER_NAME: 'Test',
        GIT_COMMITTER_EMAIL: 'test@example.com',
      },
    });
  git('init', '--quiet', '--initial-branch=main');
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  return {
    path: folder.path,
    git,
    write,
    configure: (stacks) =>
      write('hardening.config.ts', `export default ${JSON.stringify({ stacks }, null, 2)};\n`),
    render: async () => {
      await renderStacks((await loadConfig(config)).config, join(folder.path, 'rendered'), false);
    },
    commit: (message) => {
      git('add', '--all');
      git('commit', '--quiet', '--message', message);
      return git('rev-parse', 'HEAD').trim();
    },
    review: (more = {}) =>
      review({ base: undefined, config, out: join(folder.path, 'rendered'), plans: [], ...more }),
    remove: () => folder.remove(),
  };
}
