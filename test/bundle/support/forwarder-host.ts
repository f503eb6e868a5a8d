import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { untilHolds } from '../../gateway/support/waiting.ts';
import type { BootedMachine, Result } from '../../distributions/support/machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { hardeningJson } from './command.ts';
import type { InsideGateway } from './inside-gateway.ts';

export const unit = 'hardening-forwarder.service';
/** Where the bundle is on the host of the service. */
const onHost = '/root/bundle';
/** The bundle's program there. */
export const installer = `${onHost}/install.sh`;

/** Makes a bundle of `ci` and brings it to the machine, as an administrator does. */
export async function bringBundle(
  machine: BootedMachine,
  gateway: InsideGateway,
  more: readonly string[],
): Promise<void> {
  const folder = await temporaryFolder();
  try {
    const { configFile, pkiDirectory } = gateway;
    const out = `${folder.path}/bundle`;
    await hardeningJson([
      ...['bundle', 'ci', '--config', configFile, '--pki', pkiDirectory, '--out', out, '--json', ...more],
    ]);
    await machine.output(['rm', '-rf', onHost]);
    await promisify(execFile)('cp', ['-a', out, machine.hostPath(onHost)]);
  } finally {
    await folder.remove();
  }
}

export function install(machine: BootedMachine, ...parameters: readonly string[]): Promise<Result> {
  return machine.run(['sh', installer, ...parameters]);
}

/** Files, users, groups and rules: without what systemd makes and takes as other units come and go (sshd's own folder). */
export function filesOf(machine: BootedMachine): Promise<string> {
  return machine.output([
    'sh',
    '-c',
    'find /etc /var/lib/systemd /run -xdev \\( -path /run/systemd -o -path /run/log -o -path /run/udev -o -path /run/sshd \\) -prune -o -print | sort; getent passwd; getent group; nft list ruleset',
  ]);
}

/** A call of one of the machine's users with the distribution's curl: the status, or `refused`. */
export async function callAs(
  machine: BootedMachine,
  user: string,
  more: readonly string[] = ['http://127.0.0.1:11434/api/version'],
): Promise<string> {
  const { status, stdout, stderr } = await machine.run([
    ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups'],
    ...['curl', '--silent', '--show-error', '--max-time', '20', '--noproxy', '*'],
    ...['--output', '/dev/null', '--write-out', '%{http_code}', ...more],
  ]);
  if (status === 0) return stdout;
  // 7: it could not connect; 56 and 52: the connection was reset.
  if (status === 7) return 'refused';
  throw new Error(`curl ended with ${status ?? 'a signal'}: ${stderr}`);
}

export async function property(machine: BootedMachine, name: string): Promise<string> {
  return (await machine.output(['systemctl', 'show', '--value', '--property', name, unit])).trim();
}

export async function journal(machine: BootedMachine, ...more: readonly string[]): Promise<string> {
  return machine.output(['journalctl', '--unit', unit, '--output=cat', ...more]);
}

/** Waits for a line of the unit in the journal: it is written a moment later. */
export async function untilJournalSays(machine: BootedMachine, pattern: RegExp): Promise<void> {
  let said = '';
  await untilHolds(
    async () => pattern.test((said = await journal(machine))),
    `the journal to say ${String(pattern)}`,
    () => said,
  );
}
