import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelStore } from '../../lib/model/machine/ollama-unit.ts';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { machineTree, writeTree } from './support/gateway.ts';
import { debianSuites, rootTimeoutMs } from './support/root-cache.ts';

const reason =
  reasonForNoHost('losetup', 'mkfs.ext4') ??
  (existsSync('/dev/loop-control') ? undefined : 'needs loop devices, which this system lacks');
if (reason !== undefined) console.warn(`models-volume.test.ts: no volume is mounted here: it ${reason}`);

const mountUnit = 'usr-share-ollama-.ollama-models.mount';
const modelsUnit = 'hardening-models.service';
/** Where DigitalOcean has the volume of the stack `trial`. */
const device = '/dev/disk/by-id/scsi-0DO_Volume_hardening-trial-models';

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'the volume for models on a booted %s',
  (distribution) => {
    let host: Host;
    let folder: TemporaryFolder;

    beforeAll(async () => {
      folder = await temporaryFolder();
      host = await bootHost(debianSuites[distribution]);
      for (const user of ['ollama', 'hardening-models']) {
        await host.machine.output(['useradd', '--system', '--user-group', '--no-create-home', user]);
      }
      const tree = machineTree(distribution, [], {
        target: { digitalocean: { region: 'fra1', size: 's-1vcpu-1gb', modelsVolumeGiB: 10 } },
        ssh: { sources: ['192.0.2.0/24'], adminKeys: { alice: `ssh-ed25519 ${'A'.repeat(68)}` } },
        terraformState: { encryptedByOpenTofu: true },
        ollama: { models: [{ name: 'nowhere.test/library/none:1' }] },
      });
      const files = [...tree].filter(([path]) =>
        /models\.mount|models\.service|pull-models|tmpfiles/.test(path),
      );
      expect(files).toHaveLength(4);
      await writeTree(host.machine, new Map(files));
      await host.machine.output(['systemctl', 'daemon-reload']);
    }, rootTimeoutMs);
    afterAll(async () => {
      await host.stop();
      await folder.remove();
    });

    const start = (): Promise<{ status: number | null; stderr: string }> =>
      host.machine.run(['systemctl', 'start', modelsUnit]);
    const asOllama = (...command: readonly string[]): string[] => [
      ...['setpriv', '--reuid', 'ollama', '--regid', 'ollama', '--clear-groups', '--'],
      ...command,
    ];
    /** Attaches a new file system as the volume; the device is free again when nobody has it mounted any more. */
    const mountedVolume = async (use: () => Promise<void>): Promise<void> => {
      const image = join(folder.path, 'volume');
      execFileSync('truncate', ['--size=64M', image]);
      execFileSync('mkfs.ext4', ['-q', image]);
      const loop = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
      try {
        const { machine } = host;
        await machine.output(['mkdir', '-p', '/dev/disk/by-id']);
        await machine.output(['mknod', loop, 'b', '7', /\d+$/.exec(loop)?.[0] ?? '']);
        await machine.output(['ln', '-s', loop, device]);
        await use();
      } finally {
        execFileSync('losetup', ['--detach', loop]);
      }
    };

    test('is needed: without it no model is fetched onto the disk below', async () => {
      const { status, stderr } = await start();
      expect(stderr).toContain('A dependency job');
      expect(status).not.toBe(0);
      expect(await host.machine.output(['find', '/usr/share/ollama', '-type', 'f'])).toBe('');
      await host.machine.output(['systemctl', 'reset-failed']);
    });

    test('is mounted for whoever needs the store, and belongs to the user ollama', async () => {
      await mountedVolume(async () => {
        const { machine } = host;
        expect(await start()).toMatchObject({ status: 0 });
        const mounted = ['findmnt', '--noheadings', '--output=FSTYPE,OPTIONS', '--mountpoint', modelStore];
        const [type, options = ''] = (await machine.output(mounted)).trim().split(/\s+/);
        expect(type).toBe('ext4');
        expect(options.split(',')).toEqual(
          expect.arrayContaining(['rw', 'nosuid', 'nodev', 'noexec', 'noatime']),
        );
        const blob = `${modelStore}/blobs/sha256-${'0'.repeat(64)}`;
        await machine.output(asOllama('sh', '-c', 'echo a blob >"$1"', 'sh', blob));
        await machine.output(['systemctl', 'stop', modelsUnit]);
        await machine.output(['systemctl', 'stop', mountUnit]);
        expect((await machine.run(['test', '-e', blob])).status).toBe(1);
        // As for another droplet: what is on the volume is there again.
        expect(await start()).toMatchObject({ status: 0 });
        expect(await machine.output(asOllama('cat', blob))).toBe('a blob\n');
      });
    });
  },
);
