import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// The real script with programs that stand in for dpkg, apt and systemd, in a mount namespace where /usr/sbin, /run and
// the services' folders are the test's: nothing of this machine changes. What the real programs do with it, the trial in a bare
// root shows (scripts/try-bare-debian.sh).
const NAMESPACE = ['--mount', '--propagation', 'private'];
const noNamespaces =
  process.platform !== 'linux' || spawnSync('unshare', [...NAMESPACE, 'true']).status !== 0
    ? 'needs root on Linux, for a mount namespace'
    : undefined;

const POLICY = 'sbin/policy-rc.d';
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kit-install-'));
  for (const name of ['bin', 'sbin', 'run', 'installed', 'units', 'init']) mkdirSync(join(folder, name));
  // `installed/NAME`: dpkg has the package. `log`: what was called, and the policy at that time.
  program('dpkg-query', 'eval "name=\\${$#}"; [ -e "$T/installed/$name" ] && printf installed');
  program(
    'apt-cache',
    'if [ -e "$T/lists" ]; then echo "  Candidate: 1.0"; else echo "  Candidate: (none)"; fi',
  );
  program(
    'apt-get',
    `policy=absent; [ -x /usr/sbin/policy-rc.d ] && { policy=0; /usr/sbin/policy-rc.d || policy=$?; }
     case " $* " in
     *' update '*) echo update >>"$T/log"; touch "$T/lists" ;;
     *) shift 4; echo "$* policy=$policy" >>"$T/log"; shift 2
        [ ! -e "$T/fail" ] || exit 100
        for name; do touch "$T/installed/$name"; done
        [ ! -e "$T/slow" ] || { touch "$T/started"; sleep 1; } ;;
     esac`,
  );
  for (const name of ['systemctl', 'deb-systemd-helper', 'update-rc.d']) {
    program(
      name,
      `echo "${name} $*" >>"$T/log"; [ ! -e "$T/slow-service" ] || { touch "$T/switching-off"; sleep 1; }`,
    );
  }
  touch('lists');
  touch('units/nginx.service');
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nT=${folder}\n${text}\n`, { mode: 0o755 });
}

const touch = (name: string) => writeFileSync(join(folder, name), '');
const log = () =>
  existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : [];

/** The command that runs the script there. systemd's unit of nginx is there too; `run/systemd/system`: it is running. */
function command(args: readonly string[]): [string, string[]] {
  const script = `
    set -eu
    PATH=${folder}/bin:$PATH
    mount --bind ${folder}/sbin /usr/sbin
    mount --bind ${folder}/run /run
    mount --bind ${folder}/units /lib/systemd/system
    mount --bind ${folder}/init /etc/init.d
    exec sh scripts/install-packages.sh "$@"`;
  return ['unshare', [...NAMESPACE, 'sh', '-c', script, 'sh', ...args]];
}
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(...command(args), { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe.skipIf(noNamespaces !== undefined)(`installing packages (${noNamespaces ?? 'as root'})`, () => {
  const INSTALL = 'install --no-install-recommends';

  it('forbids service starts meanwhile and leaves the new service disabled', () => {
    mkdirSync(join(folder, 'run/systemd/system'), { recursive: true });
    const { status, output } = run('nginx', 'openssl');
    expect(log()).toEqual([
      `${INSTALL} nginx openssl policy=101`,
      'systemctl --quiet disable --now nginx.service',
    ]);
    expect(output).toContain(
      'note: the package nginx brings a service of its own, which is switched off; to turn it on: systemctl enable --now nginx\n',
    );
    expect(existsSync(join(folder, POLICY))).toBe(false);
    expect(status).toBe(0);
  });

  it('takes the service out of the boot where systemd is not running', () => {
    run('nginx');
    expect(log()).toEqual([`${INSTALL} nginx policy=101`, 'deb-systemd-helper disable nginx.service']);
  });

  it('takes an init script out of the boot too', () => {
    touch('init/haproxy');
    run('haproxy');
    expect(log()).toEqual([`${INSTALL} haproxy policy=101`, 'update-rc.d haproxy disable']);
  });

  it('touches nothing where the packages are there already', () => {
    touch('installed/nginx');
    expect(run('nginx').status).toBe(0);
    expect(log()).toEqual([]);
  });

  it('leaves a service alone that was there before', () => {
    touch('installed/nginx');
    run('nginx', 'curl');
    expect(log()).toEqual([`${INSTALL} curl policy=101`]);
  });

  it("keeps the machine's own policy", () => {
    writeFileSync(join(folder, POLICY), '#!/bin/sh\nexit 104\n', { mode: 0o755 });
    run('curl');
    expect(log()).toEqual([`${INSTALL} curl policy=104`]);
    expect(readFileSync(join(folder, POLICY), 'utf8')).toBe('#!/bin/sh\nexit 104\n');
  });

  it('takes its policy away after a failure, and ends with its code', () => {
    touch('fail');
    expect(run('nginx').status).toBe(100);
    expect(log()).toContain(`${INSTALL} nginx policy=101`);
    expect(existsSync(join(folder, POLICY))).toBe(false);
  });

  /** Starts the script, and waits for the file that tells how far it got. */
  async function start(args: string[], reached: string) {
    const child = spawn(...command(args), { stdio: 'ignore' });
    const end = once(child, 'exit').then(([code]) => code as number | null);
    while (!existsSync(join(folder, reached))) await new Promise((done) => setTimeout(done, 10));
    return { child, end };
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('finishes what is begun on %s', async (signal) => {
    touch('slow');
    const { child, end } = await start(['nginx'], 'started');
    child.kill(signal);
    expect(await end).toBeGreaterThan(128);
    expect(existsSync(join(folder, POLICY))).toBe(false);
    expect(log()).toContain('deb-systemd-helper disable nginx.service');
  });

  it('is not to be stopped while it switches services off', async () => {
    touch('slow-service');
    touch('init/nginx');
    const { child, end } = await start(['nginx'], 'switching-off');
    child.kill('SIGINT');
    expect(await end).toBe(0);
    expect(existsSync(join(folder, POLICY))).toBe(false);
    expect(log().slice(1)).toEqual(['deb-systemd-helper disable nginx.service', 'update-rc.d nginx disable']);
  });

  it('takes away what a killed run left', async () => {
    touch('slow');
    const { child, end } = await start(['nginx'], 'started');
    child.kill('SIGKILL');
    await end;
    expect(existsSync(join(folder, POLICY))).toBe(true);
    run('curl');
    expect(log()).toContain(`${INSTALL} curl policy=101`);
    expect(existsSync(join(folder, POLICY))).toBe(false);
  });

  it('fetches the lists only where they lack a package', () => {
    rmSync(join(folder, 'lists'));
    run('curl');
    expect(log()).toEqual(['update', `${INSTALL} curl policy=101`]);
  });

  it('fetches the lists once and tries again where a package could not be fetched', () => {
    touch('fail');
    run('curl');
    expect(log()).toEqual([`${INSTALL} curl policy=101`, 'update', `${INSTALL} curl policy=101`]);
  });

  it('installs the optional ones apart, and can do without them', () => {
    run('curl', '--optional', 'nmap');
    expect(log()).toEqual([`${INSTALL} curl policy=101`, `${INSTALL} nmap policy=101`]);
    touch('fail');
    expect(run('curl', '--optional', 'shellcheck').status).toBe(0);
  });

  it.each(['--force-yes', 'a b', 'a;b', '', '-o', 'Nginx'])('takes no %j for a package', (name) => {
    expect(run(name).status).toBe(2);
    expect(log()).toEqual([]);
  });
});
