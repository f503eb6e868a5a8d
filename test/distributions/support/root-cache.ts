import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../scripts/setup/lock.mjs';
import { hostRelease } from './availability.ts';
import { script } from './contained.ts';
import { debianSources } from './debian-sources.ts';

/** A release of Debian that has a root here, by the configuration's word for it. */
export const debianSuites = { 'debian-12': 'bookworm', 'debian-13': 'trixie' } as const;
export type DebianSuite = (typeof debianSuites)[keyof typeof debianSuites];

/**
 * What is in a root: the least that a Debian has, what the gateway and its tests run, and systemd, to judge and to start
 * the unit.
 */
const packages = ['nginx-light', 'openssl', 'curl', 'ca-certificates', 'logrotate', 'systemd-sysv', 'dbus'];
const variant = 'minbase';

/** Building took half a minute on two cores; several times that is for slow mirrors and busy machines. */
export const rootTimeoutMs = 400_000;
const buildTimeoutMs = 300_000;

/**
 * The folder with a root of a release. It is built from this machine's own mirror when it is first asked for, and kept
 * for later runs in ${XDG_CACHE_HOME:-~/.cache}/review-hardening-kit: remove it there to have newer packages. Several
 * processes at once build it once. Never write to it.
 *
 * @throws Error with what mmdebstrap said
 */
export async function debianRoot(suite: DebianSuite): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'review-hardening-kit');
  const recipe = createHash('sha256')
    .update(JSON.stringify([suite, variant, packages]))
    .digest('hex');
  const home = join(cache, `root-${suite}-${recipe.slice(0, 16)}`);
  const root = join(home, 'root');
  if (existsSync(root)) return root;
  await mkdir(cache, { recursive: true });
  await withLock(
    `${home}.lock`,
    (pid) => console.log(`waiting for process ${pid}, which builds ${suite} …`),
    async () => {
      if (existsSync(root)) return;
      const draftName = `draft-root-${suite}-`;
      // What a build left that was killed. Its mounts went with its namespace.
      for (const name of await readdir(cache)) {
        if (name.startsWith(draftName)) await rm(join(cache, name), { recursive: true });
      }
      // Mode 0700: a root has programs that run as its root whoever starts them.
      const draft = await mkdtemp(join(cache, draftName));
      try {
        console.log(`building a root of ${suite} with mmdebstrap (a minute or so, once) …`);
        await build(suite, draft);
        await rm(home, { recursive: true, force: true });
        await rename(draft, home);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  );
  return root;
}

async function build(suite: DebianSuite, draft: string): Promise<void> {
  const sources = join(draft, 'debian.list');
  const aptOptions = join(draft, 'apt.conf');
  await writeFile(sources, `${(await sourcesFor(suite)).join('\n')}\n`);
  await writeFile(aptOptions, transportSettings());
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', script('build-root.sh')],
      ...['--quiet', '--mode=root', `--variant=${variant}`, `--include=${packages.join(',')}`],
      ...[`--aptopt=${aptOptions}`, '--format=directory', suite, join(draft, 'root'), sources],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: draft } },
  );
  child.stdin.on('error', () => undefined);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4_096)));
  const late = setTimeout(() => child.stdin.end(), buildTimeoutMs);
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  if (status !== 0) throw new Error(`mmdebstrap could not build a root of ${suite}: ${errors}`);
}

/** Debian's mirrors that this machine uses, for another of its releases. */
async function sourcesFor(suite: DebianSuite): Promise<string[]> {
  const own = hostRelease() ?? '';
  const folder = '/etc/apt/sources.list.d';
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  const files = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))].filter(existsSync);
  const lines = [];
  for (const file of files) {
    if (!/\.(?:list|sources)$/.test(file)) continue;
    const form = file.endsWith('.list') ? 'one-line' : 'deb822';
    lines.push(...debianSources(await readFile(file, 'utf8'), form, own, suite));
  }
  if (lines.length === 0) throw new Error(`apt has no source of Debian's release ${own} on this machine`);
  return lines;
}

/** apt's way to the mirror: mmdebstrap does not read this machine's settings of it. */
function transportSettings(): string {
  const settings = execFileSync('apt-config', ['dump'], { encoding: 'utf8' }).split('\n');
  return settings
    .filter((line) => /^Acquire::(?:https?::|Check-)/.test(line))
    .map((line) => `${line}\n`)
    .join('');
}
