import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reasonNotToBoot } from '../../distributions/support/availability.ts';
import { bootRoot, type BootedMachine, type Result } from '../../distributions/support/machine.ts';
import { debianRoot, type DebianSuite } from '../../distributions/support/root-cache.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { firstBootFiles, readyHostFiles, writeFiles } from './host-files.ts';
import { connectCable, network, runOutside, type OutsideOptions } from './outside.ts';
import { makeSshKeys, sshCommand, type SshKeys } from './ssh.ts';

/** A machine to deploy to, and the network outside of it: a namespace with one cable and no way to any other. */
export interface Host {
  readonly machine: BootedMachine;
  /** Where the machine is reached from outside. */
  readonly address: string;
  /** The machine's own key of SSH, as it must be: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** The path of the private key that may log in as root. */
  readonly userKey: string;
  readonly keys: SshKeys;
  /** Runs a command of this machine in the network outside, for five minutes at most. */
  outside(command: readonly string[], options?: OutsideOptions): Promise<Result>;
  /** Runs a shell's command on the machine over SSH from outside, with the host key pinned. */
  ssh(command: string, options?: SshOptions): Promise<Result>;
  /** Ends all processes of the machine at one moment, as without power, and boots it again from the disk it had. */
  powerCut(): Promise<void>;
  /** Ends every process of it; nothing is left. */
  stop(): Promise<void>;
}

export interface SshOptions {
  /** root, unless given. */
  readonly user?: string;
  /** The path of the key to log in with; {@link Host.userKey} unless given. */
  readonly userKey?: string;
  /** The key that the machine must have; {@link Host.hostKey} unless given. */
  readonly hostKey?: string;
  readonly input?: string;
}

export interface HostOptions {
  /**
   * What cloud-init does at the first boot, in place of a machine that has its keys already: it must put `keys` in
   * place itself.
   */
  readonly userData?: string;
  /** Made for this machine unless given. */
  readonly keys?: SshKeys;
}

/**
 * Why there is no machine to deploy to here; undefined where there can be one.
 *
 * @param programs of this machine that are needed as well
 */
export function reasonForNoHost(...programs: readonly string[]): string | undefined {
  const ipv6 = existsSync('/proc/net/if_inet6')
    ? undefined
    : "needs IPv6, which is off in this system's kernel";
  return reasonNotToBoot('ssh', 'ssh-keygen', 'ip', 'setpriv', 'tar', ...programs) ?? ipv6;
}

/**
 * Boots a machine as a cloud hands it over: sshd with an ed25519 host key and no other, root's login by key, and an
 * address. With user data, cloud-init has done with it, well or not. All of it ends with this process, however that ends.
 */
export async function bootHost(suite: DebianSuite, options: HostOptions = {}): Promise<Host> {
  const root = await debianRoot(suite, 'host');
  const folder = await temporaryFolder();
  let machine: BootedMachine | undefined;
  const stop = async (): Promise<void> => {
    await machine?.stop();
    await folder.remove();
  };
  try {
    const { userData, keys = await makeSshKeys(join(folder.path, 'keys')) } = options;
    const files = join(folder.path, 'files');
    await writeFiles(files, userData === undefined ? readyHostFiles(keys) : firstBootFiles(userData));
    const cable = { machine: 'eth0', outside: 'outside' };
    machine = await bootRoot(root, { files, cable, cloudInit: userData !== undefined });
    await connectCable(machine);
    return { ...hostOf(machine, keys, folder), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function hostOf(machine: BootedMachine, keys: SshKeys, folder: TemporaryFolder): Omit<Host, 'stop'> {
  const outside: Host['outside'] = (command, options) => runOutside(machine, command, options);
  return {
    machine,
    address: network.machine,
    hostKey: keys.host.publicKey,
    userKey: keys.user.path,
    keys,
    outside,
    ssh: async (command, { user = 'root', userKey, hostKey, input } = {}) => {
      const ssh = await sshCommand(join(folder.path, 'known-hosts'), {
        address: network.machine,
        userKey: userKey ?? keys.user.path,
        hostKey: hostKey ?? keys.host.publicKey,
      });
      return outside([...ssh, `${user}@${network.machine}`, command], input === undefined ? {} : { input });
    },
    powerCut: async () => {
      await machine.powerCut();
      await connectCable(machine);
    },
  };
}
