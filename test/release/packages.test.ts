import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Machine } from '../distributions/support/machine.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, call } from './support/target.ts';

const reason = reasonToSkip('packages.test.ts');

/** A mirror of the machine's own: a folder of packages with their index. */
const mirror = '/srv/mirror';

/**
 * Makes a package for the mirror of what dpkg has installed: files, maintainer's scripts and control fields. $1: its
 * name, $2: the mirror.
 */
const packAgain = `
set -eu
folder=$(mktemp -d)
dpkg --listfiles "$1" | while read -r path; do
  if [ -d "$path" ]; then mkdir -p "$folder$path"; else cp -a "$path" "$folder$path"; fi
done
mkdir "$folder/DEBIAN"
for script in preinst postinst prerm postrm conffiles; do
  [ ! -e "/var/lib/dpkg/info/$1.$script" ] || cp -a "/var/lib/dpkg/info/$1.$script" "$folder/DEBIAN/$script"
done
dpkg-query --status "$1" | sed -e '/^Status:/d' -e '/^Conffiles:/,/^[^ ]/{/^Conffiles:/d;/^ /d}' >"$folder/DEBIAN/control"
mkdir -p "$2"
dpkg-deb --build "$folder" "$2/$1.deb" >/dev/null
`;

/** Makes a package with nothing but its name and these control fields. */
const packEmpty = `
set -eu
folder=$(mktemp -d)
mkdir "$folder/DEBIAN"
printf 'Package: %s\\nVersion: 9:1\\nArchitecture: all\\nMaintainer: a test\\nDescription: a test\\n%s\\n' "$1" "$3" >"$folder/DEBIAN/control"
mkdir -p "$2"
dpkg-deb --build "$folder" "$2/$1.deb" >/dev/null
`;

/** Writes the index of a mirror, and makes it the only one that apt knows. */
const useMirror = `
set -eu
cd "$1"
for package in *.deb; do
  dpkg-deb --field "$package"
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$package" "$(stat -c %s "$package")" \\
    "$(sha256sum "$package" | cut -d ' ' -f 1)"
done >Packages
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
echo "deb [trusted=yes] file:$1 ./" >/etc/apt/sources.list
`;

const shell = (machine: Machine, script: string, ...parameters: readonly string[]): Promise<string> =>
  machine.output(['sh', '-c', script, 'sh', ...parameters]);
const isInstalled = async (machine: Machine, name: string): Promise<boolean> =>
  (await machine.run(['dpkg-query', '-W', '-f=${db:Status-Status}', name])).stdout === 'installed';

describe.skipIf(reason !== undefined).each(distributions)('an activation on %s', (distribution) => {
  let target: Target;
  /** A release that has a file for systemd-timesyncd beside those of the gateway. */
  const withTime = (keepaliveRequests: number) =>
    target.maker.make({
      gateway: { keepaliveRequests },
      changeTree: (tree) =>
        tree.set('etc/systemd/timesyncd.conf.d/50-hardening.conf', { content: '[Time]\n', mode: 0o644 }),
    });

  beforeAll(async () => {
    target = await bootTarget(distribution);
    const { machine } = target;
    await shell(machine, packAgain, 'logrotate', mirror);
    const timeDaemon = 'Provides: time-daemon\nConflicts: time-daemon\nReplaces: time-daemon';
    for (const name of ['systemd-timesyncd', 'chrony'])
      await shell(machine, packEmpty, name, mirror, timeDaemon);
    await shell(machine, useMirror, mirror);
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  test('installs a package that is missing, from a mirror that apt has no list of yet, and goes on', async () => {
    const { machine, maker } = target;
    await machine.output(['dpkg', '--force-all', '--purge', 'logrotate']);
    const { status, stdout } = await activate(machine, await maker.make());
    expect(stdout).toMatch(/hardening: installs logrotate\s[^]*hardening: done: release/);
    expect(status).toBe(0);
    expect(await isInstalled(machine, 'logrotate')).toBe(true);
    expect(await machine.output(['logrotate', '--version'])).toMatch(/^logrotate /);
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('leaves another time service in its place', async () => {
    const { machine } = target;
    await machine.output(['apt-get', '-q', '-y', 'install', 'chrony']);
    const { status, stdout } = await activate(machine, await withTime(35));
    expect(status).toBe(0);
    expect(stdout).not.toContain('installs');
    expect(await isInstalled(machine, 'chrony')).toBe(true);
    expect(await isInstalled(machine, 'systemd-timesyncd')).toBe(false);
    // A package without a program: nothing sets the clock here, which is said.
    expect(stdout).toContain('NOTE: no time service runs here');
  });

  test('installs systemd-timesyncd where there is no other', async () => {
    const { machine } = target;
    await machine.output(['dpkg', '--purge', 'chrony']);
    const { status, stdout } = await activate(machine, await withTime(36));
    expect(stdout).toMatch(/hardening: installs systemd-timesyncd\s/);
    expect(status).toBe(0);
    expect(await isInstalled(machine, 'systemd-timesyncd')).toBe(true);
  });
});
