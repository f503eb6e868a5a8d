import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

/** Gives the exposure of a service's unit, from 0.0 to 10.0; undefined where it cannot be told. */
export type Score = (path: string, text: string) => Promise<string | undefined>;

/** Scores by `systemd-analyze security --offline`, or why there are none. */
export async function unitScores(): Promise<{ readonly score: Score; readonly reason: string | undefined }> {
  const reason = await analyze(['--version']).then(
    (output) =>
      Number(/^systemd (\d+)/.exec(output)?.[1]) >= 250 ? undefined : 'systemd-analyze is too old',
    () => 'there is no systemd-analyze here',
  );
  return { score: reason === undefined ? scoreOf : async () => Promise.resolve(undefined), reason };
}

async function scoreOf(path: string, text: string): Promise<string | undefined> {
  if (!path.endsWith('.service')) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'hardening-unit-'));
  try {
    const file = join(folder, basename(path));
    await writeFile(file, text);
    const output = await analyze(['security', '--offline=true', '--no-pager', file]).catch(() => '');
    return /Overall exposure level for .+: (\d+\.\d)/.exec(output)?.[1];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function analyze(parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('systemd-analyze', parameters as string[], {
    env: { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0' },
    timeout: 20_000,
  });
  return stdout;
}
