import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { resolve as resolvePath } from 'node:path';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';
import type { DeployedStack } from './deployed-stack.ts';

/**
 * Takes from everybody else what an earlier terraform let them read: a state that is a file, and its backup, which
 * terraform makes with mode 0644. Nothing where the state is elsewhere or not there yet.
 *
 * @param folder the folder that terraform runs in
 * @throws Error where a file belongs to somebody else
 */
export async function closeStateFile({ name, stack }: DeployedStack, folder: string): Promise<void> {
  const { state } = resolveInfrastructure(resolve(name, stack), stack);
  if (state.kind === 'spaces') return;
  const file = resolvePath(folder, state.path);
  for (const path of [file, `${file}.backup`]) {
    if (existsSync(path)) await chmod(path, 0o600);
  }
}
