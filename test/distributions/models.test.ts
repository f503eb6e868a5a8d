import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { modelStore } from '../../lib/model/machine/ollama-unit.ts';
import { ensurePki } from '../../lib/pki/inventory.ts';
import { untilHolds, within } from '../gateway/support/waiting.ts';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { network } from '../machine/support/outside.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { script } from './support/contained.ts';
import { machineTree, textOf, writeTree } from './support/gateway.ts';
import { exposureLevel, runInSandbox, unitProperty } from './support/ollama.ts';
import { debianSuites, rootTimeoutMs } from './support/root-cache.ts';

const reason = reasonForNoHost();
if (reason !== undefined) console.warn(`models.test.ts: no models are fetched here: it ${reason}`);

const service = 'hardening-models.service';
const registry = 'registry.test';
const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

interface WantedModel {
  readonly name: string;
  readonly digest?: string;
}

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'models on a booted %s',
  (distribution) => {
    let host: Host;
    let folder: TemporaryFolder;
    let server: ChildProcess;
    const asked: string[] = [];

    beforeAll(async () => {
      folder = await temporaryFolder();
      host = await bootHost(debianSuites[distribution]);
      const { machine } = host;
      for (const user of ['ollama', 'hardening-gateway', 'hardening-models']) {
        await machine.output(['useradd', '--system', '--user-group', '--no-create-home', user]);
      }
      const pki = await ensurePki(join(folder.path, 'pki'), {
        ...{ stack: 'registry', ca: { commonName: 'registry CA', lifetimeDays: 2 }, clients: [] },
        server: { serverNames: [registry], addresses: [], lifetimeDays: 1 },
      });
      await machine.write(
        '/usr/local/share/ca-certificates/r.crt',
        await readFile(pki.ca.certificate, 'utf8'),
      );
      await machine.output(['update-ca-certificates']);
      await machine.output([
        'sh',
        '-c',
        `printf '%s\\n' '${network.outside} ${registry}' '${network.machine} nowhere.test' >>/etc/hosts`,
      ]);
      const program = [process.execPath, '--import', 'tsx', script('registry-program.ts')];
      const files = [folder.path, pki.server.certificate, pki.server.key];
      const [command = '', ...parameters] = machine.fromOutside([...program, ...files]);
      server = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      await within(once(server, 'message'), 'the registry');
      server.on('message', (message: string) => asked.push(message));
    }, rootTimeoutMs);
    afterAll(async () => {
      const ended = once(server, 'exit');
      server.disconnect();
      await ended;
      await host.stop();
      await folder.remove();
    });
    beforeEach(() => {
      asked.length = 0;
    });

    /** Puts a model into the registry; returns its manifest's digest. */
    const publish = async (name: string, blobs: readonly Buffer[]): Promise<string> => {
      const [repository = '', tag = ''] = name.replace(`${registry}/`, '').split(':');
      const at = (kind: string): string => join(folder.path, repository, kind);
      await mkdir(at('blobs'), { recursive: true });
      await mkdir(at('manifests'), { recursive: true });
      for (const blob of blobs) await writeFile(join(at('blobs'), `sha256-${sha256(blob)}`), blob);
      const manifest = JSON.stringify({
        schemaVersion: 2,
        layers: blobs.map((blob) => ({ digest: `sha256:${sha256(blob)}`, size: blob.length })),
      });
      await writeFile(join(at('manifests'), tag), manifest);
      return `sha256:${sha256(manifest)}`;
    };

    /** Brings these models as a release would; returns how the unit ended and what it said. */
    const bring = async (...models: readonly WantedModel[]): Promise<{ state: string; said: string }> => {
      const { machine } = host;
      const tree = machineTree(distribution, [], { ollama: { models: [...models] } });
      const wanted = [...tree].filter(([path]) =>
        /hardening-models|pull-models|tmpfiles|nftables/.test(path),
      );
      await writeTree(machine, new Map(wanted));
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'restart', 'hardening-nftables.service']);
      const cursor =
        (await machine.output(['journalctl', '--show-cursor', '-n', '0'])).split('cursor: ')[1] ?? '';
      await machine.output(['systemctl', 'restart', service]);
      let state = '';
      await untilHolds(async () => {
        state = await unitProperty(machine, service, 'SubState');
        return state === 'exited' || state === 'auto-restart';
      }, 'the end of the download');
      const journal = ['journalctl', '--unit', service, '--output=cat', `--after-cursor=${cursor.trim()}`];
      return { state, said: await machine.output(journal) };
    };
    const inStore = (path: string): Promise<Buffer> =>
      readFile(host.machine.hostPath(`${modelStore}/${path}`));
    const manifestOf = (name: string): string => `manifests/${name.replace(':', '/')}`;

    const tiny = `${registry}/library/tiny:1`;
    const [weights, template] = [randomBytes(300_000), Buffer.from('{{ .Prompt }}')];

    test('a model is fetched as it was pinned, and the store is as Ollama lays it out', async () => {
      const digest = await publish(tiny, [weights, template]);
      expect(await bring({ name: tiny, digest })).toEqual({
        state: 'exited',
        said: expect.stringContaining(`hardening: ${tiny}: fetched, ${digest}`) as string,
      });
      expect(`sha256:${sha256(await inStore(manifestOf(tiny)))}`).toBe(digest);
      expect(await inStore(`blobs/sha256-${sha256(weights)}`)).toEqual(weights);
      expect(await inStore(`blobs/sha256-${sha256(template)}`)).toEqual(template);
      const stat = ['stat', '--format=%a %U', `${modelStore}/blobs/sha256-${sha256(weights)}`];
      expect(await host.machine.output(stat)).toBe('644 ollama\n');
    });

    test('what is there is not fetched again', async () => {
      expect(await bring({ name: tiny })).toMatchObject({ state: 'exited' });
      const digest = `sha256:${sha256(await inStore(manifestOf(tiny)))}`;
      expect(await bring({ name: tiny, digest })).toMatchObject({ state: 'exited' });
      expect(asked).toEqual([]);
    });

    test('a wrong digest never replaces a good model, and the others still come', async () => {
      const before = await inStore(manifestOf(tiny));
      await publish(tiny, [randomBytes(10)]);
      const other = `${registry}/library/other:1`;
      await publish(other, [template]);
      const { state, said } = await bring(
        { name: tiny, digest: `sha256:${'0'.repeat(64)}` },
        { name: other },
      );
      expect(state).toBe('auto-restart');
      expect(said).toMatch(/tiny:1: registry\.test has another one, sha256:[0-9a-f]{64}, than is configured/);
      expect(await inStore(manifestOf(tiny))).toEqual(before);
      expect(said).toContain('other:1: fetched');
      // The template was in the store already.
      expect(asked.filter((line) => line.includes('other/blobs'))).toEqual([]);
    });

    test('a blob that is not what its manifest says gets nowhere near the store', async () => {
      const name = `${registry}/library/forged:1`;
      const blob = randomBytes(1_000);
      await publish(name, [blob]);
      await writeFile(
        join(folder.path, 'library/forged/blobs', `sha256-${sha256(blob)}`),
        randomBytes(1_000),
      );
      const { state, said } = await bring({ name });
      expect(state).toBe('auto-restart');
      expect(said).toMatch(/a blob has the SHA-256 [0-9a-f]{64}, its manifest says/);
      await expect(inStore(manifestOf(name))).rejects.toThrow('ENOENT');
      await expect(inStore(`blobs/sha256-${sha256(blob)}`)).rejects.toThrow('ENOENT');
    });

    test('a download that was cut goes on where it ended', async () => {
      const name = `${registry}/library/cut:1`;
      const blob = randomBytes(100_000);
      await publish(name, [blob]);
      const part = `${modelStore}/.hardening-staging/${sha256(blob)}`;
      await writeFile(host.machine.hostPath(part), blob.subarray(0, 40_000));
      await host.machine.output(['chown', 'ollama:', part]);
      expect(await bring({ name })).toMatchObject({ state: 'exited' });
      expect(asked.at(-1)).toBe(`library/cut/blobs/sha256:${sha256(blob)} from 40000`);
      expect(await inStore(`blobs/sha256-${sha256(blob)}`)).toEqual(blob);
    });

    test('a registry that has no such model, or is not to be reached, is named', async () => {
      expect((await bring({ name: `${registry}/library/none:1` })).said).toContain('could not be fetched from registry.test'); // prettier-ignore
      expect((await bring({ name: 'nowhere.test/library/none:1' })).said).toContain('could not be fetched from nowhere.test'); // prettier-ignore
    });

    test("the packet filter lets the unit's group out and not Ollama's user", async () => {
      const call = ['curl', '--silent', '--output', '/dev/null', `https://${registry}/v2/`];
      const asUser = (group: string): string[] => ['setpriv', '--reuid', 'ollama', '--regid', group, '--clear-groups', '--', ...call]; // prettier-ignore
      expect((await host.machine.run(asUser('hardening-models'))).status).toBe(0);
      expect((await host.machine.run(asUser('ollama'))).status).toBe(7);
    });

    test('its unit may write to the store and to temporary folders, and run nothing that it wrote', async () => {
      const unit = textOf(
        machineTree(distribution, [], { ollama: { models: [{ name: 'a' }] } }),
        `etc/systemd/system/${service}`,
      ).replace(/^RemainAfterExit=.*\n/m, '');
      for (const path of ['/usr/open', '/run/open', '/var/lib/open']) {
        await host.machine.output(['install', '--directory', '--mode=0777', path]);
      }
      const told = await runInSandbox(
        host.machine,
        unit,
        `for folder in $(find / -path /proc -prune -o -path /dev/mqueue -prune -o -type d -writable -print); do
          cp /usr/bin/true "$folder/true" && if "$folder/true"; then echo "$folder: runs"; else echo "$folder: writes"; fi
          rm -f "$folder/true"
        done`,
      );
      const found = told.filter((line) => /^\/\S+: (?:runs|writes)$/.test(line));
      expect(found.filter((line) => !line.startsWith(modelStore)).sort()).toEqual(
        ['/dev/shm', '/tmp', '/var/tmp'].map((path) => `${path}: writes`),
      );
      expect(found).toContain(`${modelStore}/blobs: writes`);
      expect(found.filter((line) => line.endsWith('runs'))).toEqual([]);
    });

    test('what it fetched can be taken out again, and what others brought stays', async () => {
      const { machine } = host;
      const own = `${modelStore}/manifests/${registry}/library/own/1`;
      const shared = `${modelStore}/blobs/sha256-${sha256(template)}`;
      await machine.write(own, JSON.stringify({ layers: [{ digest: `sha256:${sha256(template)}` }] }));
      const before = await machine.output(['find', modelStore, '-type', 'f']);
      expect(before).toContain(manifestOf(tiny));
      const program = await readFile(
        new URL('../../lib/release/machine/clear-store.sh', import.meta.url),
        'utf8',
      );
      const clear = (what: string): Promise<string> =>
        machine.output(
          ['setpriv', '--reuid', 'ollama', '--clear-groups', 'sh', '-s', '--', modelStore, what],
          program,
        );
      await machine.output(['chown', '-R', 'ollama:', modelStore]);
      await clear('keep');
      expect(await machine.output(['find', modelStore, '-name', '.hardening*'])).toBe(
        `${modelStore}/.hardening-fetched\n`,
      );
      const said = await clear('remove');
      expect(said).toContain(`hardening: removed the model ${tiny}`);
      const left = await machine.output(['find', modelStore, '-type', 'f']);
      expect(left.trim().split('\n').sort()).toEqual([shared, own].sort());
    });

    test('its unit is verified, and locked in', async () => {
      const unit = `/etc/systemd/system/${service}`;
      const verify = ['systemd-analyze', 'verify', '--man=no', unit];
      expect(await host.machine.run(verify)).toEqual({ status: 0, stdout: '', stderr: '' });
      // Measured 2026-11-24 with systemd 252 and 257.
      expect(await exposureLevel(host.machine, unit)).toBe(distribution === 'debian-12' ? 1.2 : 1.1);
    });
  },
);
