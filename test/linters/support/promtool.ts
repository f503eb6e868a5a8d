import { execFile, spawnSync } from 'node:child_process';
import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import { hostRelease } from '../../distributions/support/availability.ts';
import { keptBuild } from '../../support/kept-build.ts';
import type { Finding } from './finding.ts';

const run = promisify(execFile);

/** Why there is no promtool here; undefined where there is one. */
export function reasonForNoPromtool(): string | undefined {
  if (findProgram('promtool') !== undefined || hostRelease() !== undefined) return undefined;
  return 'needs promtool, or a Debian that it can be had from';
}

/**
 * The path of promtool: that of this machine, or the one out of Debian's package `prometheus`, which is not installed:
 * its server would start, and listen to the network.
 */
export async function promtoolProgram(): Promise<string> {
  const installed = findProgram('promtool');
  if (installed !== undefined) return installed;
  const folder = await keptBuild({
    name: 'promtool',
    recipe: [hostRelease(), process.arch],
    takes: 'some seconds',
    build: async (draft) => {
      await run('apt-get', ['download', '-q', 'prometheus'], { cwd: draft });
      const [archive = ''] = await readdir(draft);
      const [parts, program] = [join(draft, 'parts'), join(draft, 'promtool')];
      await run('dpkg-deb', ['--extract', join(draft, archive), parts]);
      await copyFile(join(parts, 'usr/bin/promtool'), program);
      await rm(parts, { recursive: true });
      await rm(join(draft, archive));
    },
  });
  return join(folder, 'promtool');
}

/** What `promtool check metrics` says of a text for Prometheus: names, units, help and syntax. */
export function promtool(program: string, where: string, metrics: string): Finding[] {
  const { stderr, status } = spawnSync(program, ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
  const said = stderr.split('\n').filter((line) => line !== '');
  if (status !== 0 && said.length === 0) throw new Error(`promtool said nothing of ${where}`);
  // Its rules have no names but what it says, which begins with the metric's.
  return said.map((line) => ({
    rule: line.replace(/^\S+ /, ''),
    where,
    said: line,
  }));
}
