import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packKit, run, type Ended } from '../../package/support/installed-package.ts';
import { writeConfiguration } from '../../package/support/own-app.ts';
import { engines, installOn, type Engine } from './engines.ts';
import { everyStack, writePublicParts } from './stacks.ts';

/** A project with the kit from its tarball, and a stack of every kind. */
export interface EngineProject {
  readonly engine: Engine;
  readonly path: string;
  /** Runs the installed command in it. */
  readonly hardening: (parameters: readonly string[], environment?: NodeJS.ProcessEnv) => Promise<Ended>;
}

/** The installation, on a slow machine. */
export const engineProjectsTimeoutMs = 600_000;

/** Makes a project for each engine, with the same configuration, requests and CAs, and has each synthesize its stacks. */
export async function engineProjects(folder: string): Promise<EngineProject[]> {
  const parts = join(folder, 'parts');
  await mkdir(parts);
  const [{ tarball }] = await Promise.all([packKit(), writePublicParts(parts)]);
  const made = engines.map(async (engine) => {
    const path = join(folder, engine.name);
    await installOn(engine, path, tarball);
    await cp(parts, path, { recursive: true });
    await writeConfiguration(path, everyStack);
    const program = join(path, 'node_modules', '.bin', 'hardening');
    const hardening = (parameters: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> =>
      run(program, parameters, path, environment);
    const { code, stdout, stderr } = await hardening(['synth']);
    if (code !== 0) throw new Error(`hardening synth on ${engine.name}: ${stdout}${stderr}`);
    return { engine, path, hardening };
  });
  return await Promise.all(made);
}
