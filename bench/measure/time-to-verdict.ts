import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/free-port.ts';
import type { Site } from '../servers/site.ts';
import { summarise, type Summary } from '../statistics.ts';

export interface TimeToVerdict {
  /** The first run makes the keys and certificates of every service. */
  readonly firstRunSeconds: number;
  readonly laterRunSeconds: Summary;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const limitMs = 60_000;

/**
 * Runs what `npm start -- --once` runs once everything is set up, on the example configuration.
 *
 * @throws Error with its output where there is no good verdict
 */
export async function measureTimeToVerdict(site: Site, laterRuns: number): Promise<TimeToVerdict> {
  const first = await run(site);
  const later: number[] = [];
  for (let count = 0; count < laterRuns; count++) later.push(await run(site));
  return { firstRunSeconds: first, laterRunSeconds: summarise(later) };
}

async function run(site: Site): Promise<number> {
  const ports = ['--port', String(await freePort()), '--plain-port', String(await freePort())];
  const parameters = ['scripts/start.mjs', '--once', ...ports, '--state-dir', join(site.folder, 'sandbox')];
  const start = performance.now();
  const child = spawn(process.execPath, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const limit = setTimeout(() => child.kill('SIGTERM'), limitMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  if (code !== 0) throw new Error(`no good verdict (exit code ${code ?? 'none'}): ${output.slice(-600)}`);
  return (performance.now() - start) / 1_000;
}
