import { readFile } from 'node:fs/promises';
import { script } from './contained.ts';
import type { Machine } from './machine.ts';

export const ollamaService = 'hardening-ollama.service';
export const proxyService = 'hardening-ollama-proxy.service';
export const proxySocket = 'hardening-ollama-proxy.socket';

/** Puts a program onto a machine that stands where Ollama does, and the users that the units run as. */
export async function installOllamaProgram(machine: Machine): Promise<void> {
  const program = await readFile(script('ollama-program.pl'), 'utf8');
  await machine.write('/usr/local/bin/ollama', program, 0o755);
  for (const user of ['ollama', 'hardening-proxy']) {
    await machine.output(['useradd', '--system', '--user-group', '--no-create-home', user]);
  }
}

/** One property of a unit, as `systemctl show` prints it. */
export async function unitProperty(machine: Machine, unit: string, name: string): Promise<string> {
  return (await machine.output(['systemctl', 'show', '--value', '--property', name, unit])).trim();
}

/** What `systemd-analyze security` says of a unit file on a machine: 0 is locked in, 10 is free. */
export async function exposureLevel(machine: Machine, path: string): Promise<number> {
  const analyze = ['systemd-analyze', 'security', '--offline=true', '--no-pager', path];
  const { stdout } = await machine.run(analyze);
  const level = /exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
  if (level === undefined) throw new Error(`no exposure level of ${path}: ${stdout}`);
  return Number(level);
}

/**
 * Runs a shell script as a unit would that has all settings of another; returns the lines that it printed.
 *
 * @param unit the text of the other unit
 */
export async function runInSandbox(machine: Machine, unit: string, text: string): Promise<string[]> {
  const trial = 'hardening-trial.service';
  const changed = unit
    .replace(/^Exec(?:StartPre|StartPost|Reload)=.*\n/gm, '')
    .replace(/^Type=\w+$/m, 'Type=oneshot\nStandardOutput=truncate:/trial.txt')
    .replace(/^Restart=.*$/m, 'Restart=no')
    .replace(/^(?:PartOf|Requires|After|JoinsNamespaceOf)=.*\n/gm, '')
    .replace(/^ExecStart=.*$/m, 'ExecStart=/bin/sh /etc/trial.sh');
  await machine.write(`/etc/systemd/system/${trial}`, changed);
  await machine.write('/etc/trial.sh', text);
  await machine.output(['systemctl', 'daemon-reload']);
  await machine.output(['systemctl', 'start', trial]);
  return (await machine.output(['cat', '/trial.txt'])).split('\n');
}
