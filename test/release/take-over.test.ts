import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Upload } from '../../lib/release/upload.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, call, current, releaseCommand } from './support/target.ts';
import { startUpstream } from './support/upstream.ts';

const reason = reasonToSkip('take-over.test.ts');

/** As units of Ollama are, with a program that only is there. */
const unit =
  '[Service]\nType=exec\nExecStart=/usr/bin/sleep infinity\n\n[Install]\nWantedBy=multi-user.target\n';

describe.skipIf(reason !== undefined).each(distributions)('a machine with Ollama on %s', (distribution) => {
  let target: Target;
  let folder: TemporaryFolder;
  let archive: string;
  let before: string;

  /** Whatever is in the folders that the kit puts links into. */
  const everything = (): Promise<string> =>
    target.machine.output([
      ...['find', '/etc', '/usr/local', '/opt', '/var/lib/hardening', '/usr/share/ollama'],
      ...[
        '!',
        '-path',
        '/etc/*.wants',
        '!',
        '-name',
        '*passwd*',
        '!',
        '-name',
        '*shadow*',
        '!',
        '-name',
        'group*',
      ],
      ...['!', '-name', 'sub?id*', '!', '-name', '.pwd.lock', '-printf', '%p %m %u %l\n'],
    ]);
  const stateOf = async (name: string): Promise<string> => {
    const { machine } = target;
    const [active, enabled] = [
      await machine.run(['systemctl', 'is-active', name]),
      await machine.run(['systemctl', 'is-enabled', name]),
    ];
    return `${active.stdout.trim()} ${enabled.stdout.trim()}`;
  };
  const release = (settings: object = {}): Promise<Upload> =>
    target.maker.make({
      changeTree: (tree) =>
        tree.set('etc/systemd/system/hardening-ollama.service', { content: unit, mode: 0o644 }),
      settings,
    });
  const install = async (sha256: string): Promise<Upload> =>
    release({ ollama: { version: '0.31.2', sha256, url: 'http://127.0.0.1:11434/ollama.tgz' } });

  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(join(folder.path, 'bin'));
    await writeFile(join(folder.path, 'bin/ollama'), '#!/bin/sh\n', { mode: 0o755 });
    archive = join(folder.path, 'ollama.tgz');
    execFileSync('tar', ['-C', folder.path, '-czf', archive, 'bin']);
    target = await bootTarget(distribution);
    const { machine } = target;
    await target.upstream.stop();
    await machine.write('/etc/systemd/system/ollama.service', unit);
    await machine.write('/usr/share/ollama/.ollama/models/manifests/model', 'a model\n');
    // What a machine without the kit does not have either.
    await machine.output(['mkdir', '-p', '/var/lib/hardening', '/opt']);
    await machine.output(['systemctl', 'enable', '--quiet', '--now', 'ollama.service']);
    before = await everything();
  }, rootTimeoutMs);
  afterAll(async () => {
    await target.stop();
    await folder.remove();
  });

  test('has it back when the first release is taken back', async () => {
    expect(await activate(target.machine, await release())).toMatchObject({ status: 1 });
    expect(await stateOf('ollama.service')).toBe('active enabled');
    expect(await current(target.machine)).toBe('');
    target.upstream = await startUpstream(target.machine, archive);
  });

  test('is served by the unit of the kit, and keeps its models', async () => {
    const { machine } = target;
    const { status, stdout } = await activate(machine, await release());
    expect(status).toBe(0);
    expect(stdout).toContain('stops ollama.service, which was here before');
    expect(await stateOf('ollama.service')).toBe('inactive disabled');
    expect(await stateOf('hardening-ollama.service')).toBe('active enabled');
    expect(await machine.output(['cat', '/usr/share/ollama/.ollama/models/manifests/model'])).toBe(
      'a model\n',
    );
  });

  test('is not given an archive with another hash', async () => {
    const { machine } = target;
    const running = await current(machine);
    const { status, stderr } = await activate(machine, await install('0'.repeat(64)));
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /the archive of Ollama 0\.31\.2 has the SHA-256 [0-9a-f]{64}, configured is 0{64}/,
    );
    expect(await machine.output(['find', '/opt/hardening/ollama', '-mindepth', '1'])).toBe('');
    expect(await current(machine)).toBe(running);
  });

  test('is given the archive with the configured hash, in a folder of its version, once', async () => {
    const { machine } = target;
    const sha256 = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    const upload = await install(sha256);
    expect((await activate(machine, upload)).stdout).toContain('fetches Ollama 0.31.2');
    const program = `/opt/hardening/ollama/0.31.2-${sha256.slice(0, 12)}/bin/ollama`;
    expect(await machine.output(['stat', '-c', '%a %U', program])).toBe('755 root\n');
    expect((await activate(machine, upload)).stdout).toMatch(/whole\n.*unchanged/);
  });

  test('is as it was after the kit is removed', async () => {
    const { machine } = target;
    expect(await call(machine, 'ci')).toBe(200);
    const { status, stderr, stdout } = await machine.run(releaseCommand('remove'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/starts ollama\.service again[^]*left as they are: .*models/);
    await machine.output(['mkdir', '-p', '/var/lib/hardening']);
    expect(await everything()).toBe(before);
    expect(await stateOf('ollama.service')).toBe('active enabled');
    expect(await call(machine, 'ci')).toBe(0);
    expect(await machine.output(['sh', '-c', 'grep ^hardening /etc/passwd || :'])).toBe('');
    expect(
      (await machine.run(['systemctl', 'list-units', '--all', '--no-legend', 'hardening*'])).stdout,
    ).not.toMatch(/running|active/);
  });
});
