import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { synthesize } from '../../../stacks/synthesize.ts';
import { lintedStacks } from './trees.ts';

/**
 * Synthesizes every linted stack with a target, for terraform, into `folder`: for one distribution, since of another only
 * the image differs, and the machine's files, which are linted by themselves.
 */
export function synthesizeLinted(folder: string): void {
  const stacks = Object.fromEntries(
    lintedStacks
      .filter(({ distribution }) => distribution === 'debian-13')
      .map(({ stack, config }) => [stack, config]),
  );
  synthesize({ stacks }, folder);
}

/** The names of the stacks in such a folder. */
export async function synthesizedStacks(folder: string): Promise<string[]> {
  return (await readdir(join(folder, 'stacks'))).sort();
}
