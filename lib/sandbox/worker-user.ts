import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Placement } from '../model/placement.ts';

/** Started by root, nginx gives its workers to nobody; an ordinary user's nginx stays that user's. */
export async function workerUser(): Promise<Placement['workerUser']> {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout } = await promisify(execFile)('id', ['-gn', 'nobody']);
  return { name: 'nobody', group: stdout.trim() };
}
