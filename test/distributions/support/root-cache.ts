import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keptBuild } from '../../support/kept-build.ts';
import { hostRelease } from './availability.ts';
import { script } from './contained.ts';
import { debianSources } from './debian-sources.ts';

/** A release of Debian that has a root here, by the configuration's word for it. */
export const debianSuites = { 'debian-12': 'bookworm', 'debian-13': 'trixie' } as const;
export type DebianSuite = (typeof debianSuites)[keyof typeof debianSuites];

/** What a root is for, which decides what is in it. */
export type RootPurpose = keyof typeof packages;

const packages = {
  /** The least that a Debian has, what the gateway and its tests run, and systemd, to judge and to start the unit. */
  gateway: ['nginx-light', 'openssl', 'curl', 'ca-certificates', 'logrotate', 'systemd-sysv', 'dbus'],
  /** A cloud's image of Debian, as far as a deployment sees it, with the packages that a deployment would install. */
  host: [
    ...['systemd-sysv', 'dbus', 'udev', 'cloud-init', 'openssh-server', 'sudo', 'iproute2', 'procps'],
    ...['ca-certificates', 'curl', 'openssl', 'logrotate', 'systemd-timesyncd', 'unattended-upgrades'],
    ...['nginx-light', 'nftables'],
  ],
} as const;
const variant = 'minbase';
/** A key that several machines have would prove nothing: each is given its own. Shell, with the root as $1. */
const forgetHostKeys = 'rm -f "$1"/etc/ssh/ssh_host_*';

/** Building took half a minute on two cores; several times that is for slow mirrors and busy machines. */
export const rootTimeoutMs = 400_000;
const buildTimeoutMs = 300_000;

/**
 * The folder with a root of a release, built from this machine's own mirror and kept: see {@link keptBuild}. Remove it
 * there to have newer packages. Never write to it.
 *
 * @param purpose a root for the gateway alone, unless given
 * @throws Error with what mmdebstrap said
 */
export async function debianRoot(suite: DebianSuite, purpose: RootPurpose = 'gateway'): Promise<string> {
  const home = await keptBuild({
    name: purpose === 'gateway' ? `root-${suite}` : `root-${suite}-${purpose}`,
    recipe: [suite, variant, packages[purpose], ...(purpose === 'gateway' ? [] : [forgetHostKeys])],
    takes: 'a minute or so',
    // Mode 0700: a root has programs that run as its root whoever starts them.
    build: (draft) => build(suite, packages[purpose], draft),
  });
  return join(home, 'root');
}

async function build(suite: DebianSuite, included: readonly string[], draft: string): Promise<void> {
  const sources = join(draft, 'debian.list');
  const aptOptions = join(draft, 'apt.conf');
  await writeFile(sources, `${(await sourcesFor(suite)).join('\n')}\n`);
  await writeFile(aptOptions, transportSettings());
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', script('build-root.sh')],
      ...['--quiet', '--mode=root', `--variant=${variant}`, `--include=${included.join(',')}`],
      ...[`--customize-hook=${forgetHostKeys}`, `--aptopt=${aptOptions}`, '--format=directory'],
      ...[suite, join(draft, 'root'), sources],
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
