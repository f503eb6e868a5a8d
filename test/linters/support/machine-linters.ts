import type { Machine, Result } from '../../distributions/support/machine.ts';
import type { Finding } from './finding.ts';

/** A linter that says whether it takes a file has one rule. */
const refused = 'refused';

/** Every line that it printed, but for those of a success. */
function linesOf(where: string, { status, stdout, stderr }: Result, success = /^$/): Finding[] {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line !== '' && !success.test(line));
  if (lines.length === 0 && status !== 0) lines.push(`it ended with ${status ?? 'a signal'}`);
  return lines.map((said) => ({ rule: refused, where, said }));
}

/** `nginx -t`, warnings too. */
export async function nginxTest(machine: Machine, mainFile: string, openFiles: number): Promise<Finding[]> {
  const command = ['nginx', '-t', '-e', 'stderr', '-c', mainFile];
  // More connections than files are worth a warning to it: the unit allows as many as are needed.
  const result = await machine.run(['prlimit', `--nofile=${openFiles}`, '--', ...command]);
  return linesOf(
    mainFile,
    result,
    /^nginx: (?:the )?configuration file \S+ (?:syntax is ok|test is successful)$/,
  );
}

export async function nftCheck(machine: Machine, file: string): Promise<Finding[]> {
  return linesOf(file, await machine.run(['nft', '-c', '-f', file]));
}

/** `sshd -t`, with all that the distribution and the kit have in sshd_config.d. */
export async function sshdTest(machine: Machine): Promise<Finding[]> {
  return linesOf('/etc/ssh/sshd_config', await machine.run(['/usr/sbin/sshd', '-t']));
}

/** `systemd-analyze verify`, drop-ins included. */
export async function verify(machine: Machine, units: readonly string[]): Promise<Finding[]> {
  // The root has no manual pages.
  return linesOf('units', await machine.run(['systemd-analyze', 'verify', '--man=no', ...units]));
}

interface Assessment {
  readonly set: boolean | null;
  readonly json_field: string;
  readonly description: string;
}

/**
 * Every line of `systemd-analyze security` that is not as locked in as it could be.
 *
 * @param of what has the unit, for the findings
 */
export async function security(machine: Machine, unit: string, of: string): Promise<Finding[]> {
  const text = await machine.output([
    ...['systemd-analyze', 'security', '--offline=true', '--no-pager', '--json=short', unit],
  ]);
  const where = `${of}/${unit.slice(unit.lastIndexOf('/') + 1)}`;
  return (JSON.parse(text) as readonly Assessment[])
    .filter(({ set }) => set === false)
    .map(({ json_field: rule, description }) => {
      // With a device more it is another finding.
      const [, devices] = / special devices: (.*)$/.exec(description) ?? [];
      return { rule, where: devices === undefined ? where : `${where}: ${devices}`, said: description };
    });
}

/** cloud-init's own schema, without the network. */
export async function cloudInitSchema(machine: Machine, userData: string): Promise<Finding[]> {
  const file = '/root/user-data';
  await machine.write(file, userData, 0o600);
  const result = await machine.run(['cloud-init', 'schema', '--config-file', file]);
  return linesOf('user_data', result, /^Valid (?:cloud-config:|schema) \/root\/user-data$/);
}
