import { describe, expect, it } from 'vitest';
import type { Host } from '../../scripts/setup/host.mjs';
import { planInstallation, shellLine } from '../../scripts/setup/install-plan.mjs';
import { missingPrograms, PROGRAMS } from '../../scripts/setup/programs.mjs';

const ordinaryUser: Host = {
  platform: 'linux',
  name: 'Debian GNU/Linux 12 (bookworm)',
  packageManager: 'apt',
  isRoot: false,
  sudo: 'with-password',
};
const script = '/home/a/kit/scripts/install-packages.sh';
const onlyNginx = { needed: PROGRAMS.filter((program) => program.name === 'nginx'), used: [] };
const withNmap = { ...onlyNginx, used: PROGRAMS.filter((program) => program.name === 'nmap') };

describe('how missing programs are installed', () => {
  it.each<[string, Partial<Host>, 'run' | 'ask-user', string]>([
    ['by root', { isRoot: true, sudo: 'absent' }, 'run', `sh ${script} nginx`],
    ['with sudo without a password', { sudo: 'without-password' }, 'run', `sudo -n sh ${script} nginx`],
    ['with sudo that asks', {}, 'ask-user', `sudo sh ${script} nginx`],
    ['without sudo', { sudo: 'absent' }, 'ask-user', `su -c 'sh ${script} nginx'`],
    [
      'on macOS',
      { platform: 'darwin', name: 'macOS', packageManager: 'brew', sudo: 'absent' },
      'ask-user',
      'brew install nginx',
    ],
  ])('%s', (_name, host, kind, command) => {
    const plan = planInstallation(onlyNginx, { ...ordinaryUser, ...host }, script);
    expect(plan.kind).toBe(kind);
    expect(shellLine(plan.command)).toBe(command);
  });

  it('sets apart what the command can do without', () => {
    expect(planInstallation(withNmap, ordinaryUser, script).command).toEqual([
      'sudo',
      'sh',
      script,
      'nginx',
      '--optional',
      'nmap',
    ]);
  });

  it('knows no command for other systems', () => {
    const plan = planInstallation(onlyNginx, { ...ordinaryUser, packageManager: 'other' }, script);
    expect(plan).toEqual({ kind: 'unknown-system', command: [], packages: [] });
  });

  it('quotes a folder for the shell', () => {
    expect(shellLine(['sh', "/home/o'neil/my kit/x.sh"])).toBe(`sh '/home/o'\\''neil/my kit/x.sh'`);
  });
});

describe('the programs that a command lacks', () => {
  const nothing = () => undefined;
  const names = (programs: readonly { name: string }[]) => programs.map((program) => program.name);

  it.each([
    ['start', false, ['nginx', 'openssl', 'ps'], []],
    ['test', false, ['nginx', 'openssl', 'ps', 'curl'], ['shellcheck', 'pip3', 'nmap']],
    [
      'test',
      true,
      ['nginx', 'openssl', 'ps', 'curl'],
      ['shellcheck', 'pip3', 'nmap', 'mmdebstrap', 'systemd-nspawn', 'ip', 'ssh'],
    ],
    ['bench', false, ['nginx', 'openssl', 'ps', 'haproxy', 'h2load', 'wrk'], []],
  ] as const)('%s, root: %s', (purpose, isRoot, needed, used) => {
    const missing = missingPrograms(purpose, { platform: 'linux', isRoot }, nothing);
    expect(names(missing.needed)).toEqual(needed);
    expect(names(missing.used)).toEqual(used);
  });

  it('none, where all are found', () => {
    const missing = missingPrograms(
      'test',
      { platform: 'linux', isRoot: true },
      (name) => `/usr/bin/${name}`,
    );
    expect(missing).toEqual({ needed: [], used: [] });
  });
});
