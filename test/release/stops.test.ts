import { execFileSync } from 'node:child_process';
import { appendFile, chmod, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Upload } from '../../lib/release/upload.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, activation, bring, call, current, gatewayUnit, nginxProcesses } from './support/target.ts';

const reason = reasonToSkip('stops.test.ts');

/** An upload that was spoiled on its way, and what the refusal must name. */
const spoiled: readonly {
  readonly name: string;
  readonly change: (folder: string) => Promise<unknown>;
  readonly says: RegExp;
}[] = [
  {
    name: 'a changed file',
    change: (folder) => appendFile(`${folder}/files/etc/hardening/gateway/log.conf`, '# more\n'),
    says: /\/etc\/hardening\/gateway\/log\.conf/,
  },
  {
    name: 'a missing file',
    change: (folder) => rm(`${folder}/files/etc/hardening/gateway/log.conf`),
    says: /\/etc\/hardening\/gateway\/log\.conf .*missing/,
  },
  {
    name: 'a file that the manifest does not name',
    change: (folder) => writeFile(`${folder}/files/etc/hardening/gateway/more.conf`, ''),
    says: /\/etc\/hardening\/gateway\/more\.conf/,
  },
  {
    name: 'a wrong hash in the manifest',
    change: (folder) => edit(`${folder}/manifest`, (text) => text.replace(/^[0-9a-f]{8}/, '00000000')),
    says: /not the release that it is named after/,
  },
  {
    name: 'another name',
    change: (folder) => writeFile(`${folder}/release`, `${'0'.repeat(64)}\n`),
    says: /not the release that it is named after/,
  },
  {
    name: 'a name that is no hash',
    change: (folder) => writeFile(`${folder}/release`, '../../../etc\n'),
    says: /not the release that it is named after/,
  },
  {
    name: 'a path with ..',
    change: (folder) =>
      edit(`${folder}/manifest`, (text) => text.replace('/etc/hardening', '/etc/hardening/../../root')),
    says: /manifest/,
  },
  {
    name: 'a path that no release owns',
    change: (folder) => edit(`${folder}/manifest`, (text) => text.replace('/etc/logrotate.d', '/etc/cron.d')),
    says: /\/etc\/cron\.d\/hardening-gateway, which no release may own/,
  },
  {
    name: 'a program among the settings',
    change: (folder) => appendFile(`${folder}/settings`, 'stack=$(touch /run/ran/it)\n'),
    says: /settings/,
  },
  {
    name: 'a setting that is there twice',
    change: (folder) => appendFile(`${folder}/settings`, 'stack=other\n'),
    says: /settings name stack twice/,
  },
  {
    name: 'a name that nginx would read',
    change: (folder) => appendFile(`${folder}/identities`, 'x";}evil 1\n'),
    says: /identities/,
  },
  {
    name: 'a symbolic link',
    change: (folder) => symlink('/etc/shadow', `${folder}/files/etc/hardening/gateway/link.conf`),
    says: /link\.conf, which is a link or a device/,
  },
  {
    name: 'a folder that is a link',
    change: async (folder) => {
      await rm(`${folder}/tls`, { recursive: true });
      await symlink('/root', `${folder}/tls`);
    },
    says: /\.\/tls, which is a link or a device/,
  },
  {
    name: 'a device',
    change: (folder) => Promise.resolve(execFileSync('mknod', [`${folder}/files/zero`, 'c', '1', '5'])),
    says: /files\/zero, which is a link or a device/,
  },
  {
    name: 'a pipe',
    change: (folder) => Promise.resolve(execFileSync('mkfifo', [`${folder}/tls/more`])),
    says: /tls\/more, which is a link or a device/,
  },
  {
    name: 'a part that no release has',
    change: (folder) => writeFile(`${folder}/hook`, ''),
    says: /hook, which is no part of a release/,
  },
  { name: 'no settings', change: (folder) => rm(`${folder}/settings`), says: /lacks settings/ },
  {
    name: 'another program',
    change: (folder) => appendFile(`${folder}/programs/status.sh`, '# more\n'),
    says: /not the release that it is named after/,
  },
  {
    name: "another certificate's key",
    change: async (folder) =>
      writeFile(`${folder}/tls/server.key`, await readFile(`${folder}/tls/health.key`)),
    says: /tls\/server\.key is not the key of tls\/server\.crt/,
  },
  {
    name: 'a folder that others can look into',
    change: (folder) => chmod(folder, 0o755),
    says: /others than root can look into/,
  },
];

describe.skipIf(reason !== undefined).each(distributions)('an activation on %s', (distribution) => {
  let target: Target;
  let good: Upload;

  beforeAll(async () => {
    target = await bootTarget(distribution);
    // What a program that must not run would change.
    await target.machine.output(['mkdir', '/run/ran']);
    good = await target.maker.make();
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  /** Everything below /etc and of the kit, but for how the last activation ended and who had the lock. */
  const everything = async (): Promise<string> =>
    target.machine.output([
      ...['find', '/etc', '/var/lib/hardening', '/usr/local', '/run/ran', '-path', '*/incoming*', '-o'],
      ...['-name', 'last-activation*', '-o', '-name', 'lock*', '-o'],
      ...['-type', 'd', '-printf', '%p %m %u\n', '-o', '-printf', '%p %m %u %s %l %T@\n'],
    ]);

  /** Where releases put links. */
  const linksAndFiles = (): Promise<string> =>
    target.machine.output(['find', '/etc', '/usr/local', '!', '-type', 'd', '-printf', '%p %l\n']);

  describe('before any release was in force', () => {
    test('stops where a program holds its port, and says which', async () => {
      const { machine } = target;
      await machine.output([
        'sh',
        '-c',
        'rm /etc/systemd/system/nginx.service; systemctl daemon-reload; systemctl start nginx',
      ]);
      const { status, stderr } = await activate(machine, good);
      expect(status).toBe(2);
      expect(stderr).toMatch(
        /port 80 is held by nginx \(process \d+, unit nginx\.service\)[^]*what to do: stop it, for example with systemctl disable --now nginx\.service/,
      );
      expect((await machine.run(['systemctl', 'is-active', 'nginx'])).stdout).toBe('active\n');
      expect((await machine.run(['test', '-e', '/etc/hardening'])).status).toBe(1);
      await machine.output(['systemctl', 'disable', '--quiet', '--now', 'nginx']);
    });

    test.each([
      ['a file', 'touch'],
      ['a folder', 'mkdir'],
      ['a link', 'ln -s /nowhere'],
    ])('stops where %s is in the way of a link, and leaves it', async (_what, make) => {
      const { machine } = target;
      await machine.output(['sh', '-c', `${make} /etc/logrotate.d/hardening-gateway`]);
      const before = await machine.output(['stat', '-c', '%F %i %Y', '/etc/logrotate.d/hardening-gateway']);
      const { status, stderr } = await activate(machine, good);
      expect(status).toBe(2);
      expect(stderr).toMatch(/stopped: \/etc\/logrotate\.d\/hardening-gateway is [^]*move it away/);
      expect(await machine.output(['stat', '-c', '%F %i %Y', '/etc/logrotate.d/hardening-gateway'])).toBe(
        before,
      );
      expect((await machine.run(['test', '-e', '/etc/hardening'])).status).toBe(1);
      await machine.output(['rm', '-r', '/etc/logrotate.d/hardening-gateway']);
    });

    test('leaves nothing of a first release that nginx does not accept', async () => {
      const { machine, maker } = target;
      const before = await linksAndFiles();
      const upload = await maker.make({
        changeTree: (tree) => {
          tree.set('etc/hardening/gateway/log.conf', { content: 'nothing;\n', mode: 0o644 });
          tree.set('usr/local/lib/hardening/trial', { content: '#!/bin/sh\n', mode: 0o755 });
        },
      });
      expect(await activate(machine, upload)).toMatchObject({ status: 2 });
      expect(await linksAndFiles()).toBe(before);
    });

    test('takes back a first release that is unhealthy: nothing is left in /etc', async () => {
      const { machine, maker } = target;
      const before = await linksAndFiles();
      // The gateway asks for an Ollama where none is.
      const upload = await maker.make({
        changeTree: (tree) => {
          const path = 'etc/hardening/gateway/upstream.conf';
          tree.set(path, { content: (tree.get(path)?.content ?? '').replace('11434', '11435'), mode: 0o644 });
        },
      });
      expect(await activate(machine, upload)).toMatchObject({ status: 1 });
      expect(await current(machine)).toBe('');
      expect(await linksAndFiles()).toBe(before);
      expect((await machine.run(['systemctl', 'is-active', gatewayUnit])).stdout).toBe('inactive\n');
    });
  });

  describe('of an upload that was spoiled on its way', () => {
    beforeAll(async () => {
      expect(await activate(target.machine, good)).toMatchObject({ status: 0, stderr: '' });
    });

    test.each(spoiled)('with $name stops before anything changes', async ({ change, says }) => {
      const { machine } = target;
      const before = [await everything(), ...(await nginxProcesses(machine))];
      const folder = await bring(machine, good, change);
      const { status, stderr, stdout } = await machine.run(activation(folder));
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(says);
      expect(stderr).toMatch(/what to do: /);
      expect([await everything(), ...(await nginxProcesses(machine))]).toEqual(before);
      // Keys do not stay behind.
      expect(await machine.output(['ls', '-A', '/var/lib/hardening/incoming'])).toBe('');
    });

    test('can tell: the same upload unspoiled is accepted', async () => {
      expect(await activate(target.machine, good)).toMatchObject({ status: 0, stderr: '' });
    });
  });

  test('of a release for another distribution stops, and names both', async () => {
    const { machine, maker } = target;
    const other = await maker.make({ settings: { distribution: 'ubuntu-24.04' } });
    const { status, stderr } = await activate(machine, other);
    expect(status).toBe(2);
    expect(stderr).toContain(`the release is for ubuntu-24.04, this machine is ${distribution}`);
  });

  test("of another stack's release stops, and names both", async () => {
    const { machine, maker } = target;
    const { status, stderr } = await activate(machine, await maker.make({ settings: { stack: 'other' } }));
    expect(status).toBe(2);
    expect(stderr).toContain('this machine belongs to stack trial, the release is of stack other');
  });

  test('by a user without root stops', async () => {
    const { status, stderr } = await target.machine.run([
      ...['setpriv', '--reuid', 'nobody', '--clear-groups'],
      ...['sh', '/var/lib/hardening/current/programs/activate.sh'],
    ]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('needs root') as string,
    });
  });

  test('of a package that cannot be had stops, and leaves what runs', async () => {
    const { machine, maker } = target;
    await machine.output(['dpkg', '--force-all', '--remove', 'logrotate']);
    const { status, stderr } = await activate(
      machine,
      await maker.make({ gateway: { keepaliveRequests: 33 } }),
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(/apt-get could not install logrotate[^]*what to do: .*mirror/);
    expect(await call(machine, 'ci')).toBe(200);
  });

  describe('on a file system that is mounted over /var/lib/hardening', () => {
    const mountOver = (size: string): Promise<string> =>
      target.machine.output([
        ...[
          'sh',
          '-c',
          'cp -a /var/lib/hardening /run/kept && mount -t tmpfs -o "$1" tmpfs /var/lib/hardening',
        ],
        ...['sh', `size=${size},mode=711`],
      ]);
    afterEach(async () => {
      await target.machine.output(['sh', '-c', 'umount /var/lib/hardening && rm -r /run/kept']);
    });

    test('stops without room there, before anything changes', async () => {
      const { machine, maker } = target;
      const upload = await maker.make({ gateway: { keepaliveRequests: 34 } });
      await mountOver('16m');
      await machine.output(['cp', '-a', '/run/kept/.', '/var/lib/hardening']);
      const before = await everything();
      const { status, stderr } = await activate(machine, upload);
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: expect.stringMatching(/has \d+ MiB free, this needs \d+ MiB[^]*make room/) as string,
      });
      expect(await everything()).toBe(before);
    });

    test('stops with room there: systemd reads units before it is mounted', async () => {
      const { machine, maker } = target;
      await mountOver('200m');
      const { status, stderr } = await activate(machine, await maker.make());
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: expect.stringContaining('are on two file systems') as string,
      });
    });
  });
});

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`nothing changed in ${path}`);
  await writeFile(path, changed);
}
