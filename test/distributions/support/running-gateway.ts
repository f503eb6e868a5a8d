import { once } from 'node:events';
import { machinePaths } from '../../../lib/model/placement.ts';
import { untilHolds } from '../../gateway/support/waiting.ts';
import { textOf, unitPath, type Installed } from './gateway.ts';
import type { Machine } from './machine.ts';
import { asUnit, only, readUnit } from './unit-file.ts';

/** The folders that systemd would make for the unit, empty. */
export async function makeFolders(machine: Machine, { tree }: Installed): Promise<void> {
  const unit = readUnit(textOf(tree, unitPath));
  for (const [kind, parent] of [
    ['RuntimeDirectory', '/run'],
    ['LogsDirectory', '/var/log'],
  ] as const) {
    const folder = `${parent}/${only(unit(kind))}`;
    const owner = [`--owner=${only(unit('User'))}`, `--group=${only(unit('Group'))}`];
    await machine.output(['rm', '-rf', folder]);
    await machine.output(['install', '-d', `--mode=${only(unit(`${kind}Mode`))}`, ...owner, folder]);
  }
}

/** nginx as the rendered unit starts it, on a machine without systemd. */
export interface RunningGateway {
  /** What the unit does on `systemctl reload`. */
  reload(): Promise<void>;
  /** What the unit does on `systemctl stop`; returns nginx's exit code. */
  stop(): Promise<number | null>;
}

export async function startAsUnit(machine: Machine, { tree }: Installed): Promise<RunningGateway> {
  const unit = readUnit(textOf(tree, unitPath));
  for (const command of unit('ExecStartPre')) await machine.output(asUnit(unit, command));
  const nginx = machine.start(asUnit(unit, only(unit('ExecStart'))));
  let errors = '';
  nginx.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(nginx, 'close') as Promise<[number | null]>;
  const pidFile = `${machinePaths.runtimeDirectory}/nginx.pid`;
  // nginx writes it when it already listens.
  await untilHolds(async () => {
    if (nginx.exitCode !== null) throw new Error(`nginx ended: ${errors}`);
    return (await machine.run(['test', '-s', pidFile])).status === 0;
  }, 'nginx');
  return {
    reload: async () => {
      for (const command of unit('ExecReload')) await machine.output(asUnit(unit, command));
    },
    stop: async () => {
      const signal = only(unit('KillSignal')).replace(/^SIG/, '');
      await machine.output(['sh', '-c', `kill -s ${signal} "$(cat ${pidFile})"`]);
      return (await ended)[0];
    },
  };
}
