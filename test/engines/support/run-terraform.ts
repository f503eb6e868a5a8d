import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../package/support/installed-package.ts';
import type { EngineProject } from './engine-project.ts';

/** terraform or OpenTofu, for the stacks of a project. */
export interface RunTerraform {
  /** What `hardening` gets to use this program. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Runs the program in the folder of a stack that is synthesized.
   *
   * @throws Error where it ends with another code than 0
   * @returns what it printed
   */
  readonly inStack: (name: string, ...parameters: readonly string[]) => Promise<string>;
  /** Applies all of a stack but its release, which has no machine here. */
  readonly applyCertificates: (name: string) => Promise<void>;
}

/** @param environment variables that it has besides PATH and HOME */
export function runTerraform(
  project: EngineProject,
  program: string,
  environment: NodeJS.ProcessEnv,
): RunTerraform {
  const folder = (name: string): string => join(project.path, 'cdktf.out/stacks', name);
  const inStack = async (name: string, ...parameters: readonly string[]): Promise<string> => {
    const ended = await run(program, parameters, folder(name), environment);
    if (ended.code !== 0) throw new Error(`${parameters.join(' ')}: ${ended.stdout}${ended.stderr}`);
    return ended.stdout;
  };
  return {
    environment: { ...environment, TERRAFORM_BINARY_NAME: program },
    inStack,
    applyCertificates: async (name) => {
      const text = await readFile(join(folder(name), 'cdk.tf.json'), 'utf8');
      const { resource } = JSON.parse(text) as { resource: Record<string, object> };
      const targets = Object.entries(resource)
        .filter(([type]) => type.startsWith('tls_'))
        .flatMap(([type, named]) => Object.keys(named).map((one) => `-target=${type}.${one}`));
      await inStack(name, 'init', '-input=false');
      await inStack(name, 'apply', '-input=false', '-auto-approve', ...targets);
    },
  };
}
