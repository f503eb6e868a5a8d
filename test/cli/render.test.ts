import { chmod, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../support/sandbox-process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const stackSource = (name: string): string =>
  `${name}: { gateway: { serverNames: ['gateway.test'] }, services: { ci: {} } }`;

describe('hardening render', () => {
  let folder: TemporaryFolder;
  let fresh: string;
  const file = (...names: string[]): string => join(folder.path, 'work', ...names);

  beforeAll(async () => {
    folder = await temporaryFolder();
    fresh = join(folder.path, 'fresh');
    await mkdir(fresh);
    await writeConfiguration(['one', 'two'], join(fresh, 'hardening.config.ts'));
    expect(await runCommand(['render'], fresh)).toMatchObject({ code: 0 });
  });
  beforeEach(async () => {
    await rm(file(), { recursive: true, force: true });
    await cp(fresh, file(), { recursive: true, verbatimSymlinks: true });
  });
  afterAll(() => folder.remove());

  async function writeConfiguration(stacks: string[], path = file('hardening.config.ts')): Promise<void> {
    await writeFile(path, `export default { stacks: { ${stacks.map(stackSource).join(', ')} } };`);
  }

  const render = (...more: string[]) => runCommand(['render', ...more], file());

  async function everything(): Promise<Record<string, string>> {
    const entries = await readdir(file('rendered'), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    const pairs = files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      if ((await stat(path)).isDirectory()) return [path, 'a link to a folder'];
      return [path, `${((await stat(path)).mode & 0o777).toString(8)} ${await readFile(path, 'utf8')}`];
    });
    return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
  }

  it('finds its own work up to date', async () => {
    const before = await everything();
    expect(await render('--check')).toEqual({ code: 0, output: 'rendered is up to date\n' });
    expect(await everything()).toEqual(before);
  });

  const map = 'rendered/one/etc/hardening/gateway/identities.conf';
  const spoils: [string, () => Promise<unknown>, RegExp[]][] = [
    [
      'a changed line',
      async () => writeFile(file(map), (await readFile(file(map), 'utf8')).replace('CN=ci', 'CN=evil')),
      [/^--- a\/etc\/hardening\/gateway\/identities\.conf$/m, /^@@ /m, /^-.*CN=evil/m, /^\+.*CN=ci/m],
    ],
    ['a missing file', () => rm(file(map)), [/^--- \/dev\/null$/m, /identities\.conf missing/]],
    [
      'a stray file',
      () => writeFile(file('rendered/one/etc/extra.conf'), 'x\n'),
      [/extra\.conf does not belong there/, /^\+\+\+ \/dev\/null$/m],
    ],
    ['a changed mode', () => chmod(file(map), 0o755), [/^old mode 100755$/m, /^new mode 100644$/m]],
    [
      'a symbolic link in place of a file',
      async () => {
        await cp(file(map), file('elsewhere'));
        await rm(file(map));
        await symlink(file('elsewhere'), file(map));
      },
      [/identities\.conf differs/],
    ],
    [
      'a missing manifest',
      () => rm(file('rendered/one/MANIFEST')),
      [/MANIFEST missing/, /^\+0644 \/etc\/hardening/m],
    ],
    [
      'a folder in place of a file',
      async () => {
        await rm(file(map));
        await mkdir(file(map));
        await writeFile(file(map, 'x'), 'x\n');
      },
      [/identities\.conf missing/, /identities\.conf\/x does not belong there/],
    ],
    [
      'a file in place of a folder',
      async () => {
        await rm(file('rendered/one/etc'), { recursive: true });
        await writeFile(file('rendered/one/etc'), 'x\n');
      },
      [/identities\.conf missing/, /one\/etc does not belong there/],
    ],
    [
      'an empty folder in place of a file',
      async () => {
        await rm(file(map));
        await mkdir(file(map));
      },
      [/identities\.conf missing/],
    ],
    [
      'a symbolic link in place of a folder',
      async () => {
        await cp(file('rendered/one/etc'), file('elsewhere'), { recursive: true });
        await rm(file('rendered/one/etc'), { recursive: true });
        await symlink(file('elsewhere'), file('rendered/one/etc'));
      },
      [/one\/etc does not belong there/],
    ],
    ['a configuration that moved on', () => writeConfiguration(['one']), [/^two\/ does not belong there$/m]],
  ];

  describe.each(spoils)('%s', (_what, spoil, patterns) => {
    beforeEach(spoil);

    it('fails the check with a diff, and changes nothing', async () => {
      const before = await everything();
      const result = await render('--check');
      expect(result.code).toBe(1);
      for (const pattern of patterns) expect(result.output).toMatch(pattern);
      expect(result.output).toContain('fix: run `npx hardening render`');
      expect(await everything()).toEqual(before);
    });

    it('is mended by the next render', async () => {
      expect((await render()).code).toBe(0);
      expect(await render('--check')).toMatchObject({ code: 0 });
    });
  });

  it.each([
    ['a file beside the stacks', () => writeFile(file('rendered/notes.txt'), 'x')],
    ['a folder beside the stacks', () => mkdir(file('rendered/three'))],
  ])('refuses %s, in both modes', async (_what, spoil) => {
    await spoil();
    const before = await everything();
    for (const more of [['--check'], []]) {
      const result = await render(...more);
      expect(result.code).toBe(1);
      expect(result.output).toMatch(/does not belong there[^]*fix: move it away/);
    }
    expect(await everything()).toEqual(before);
  });

  it.each<[string, string[], () => Promise<unknown>, number, RegExp]>([
    [
      "a stack's folder that is a symbolic link",
      [],
      async () => {
        await cp(file('rendered/two'), file('elsewhere'), { recursive: true });
        await rm(file('rendered/two'), { recursive: true });
        await symlink(file('elsewhere'), file('rendered/two'));
        // Nothing of the other stack is written either.
        await rm(file(map));
      },
      1,
      /rendered\/two is no folder but a symbolic link/,
    ],
    [
      "a second stack's folder that somebody else filled",
      [],
      async () => {
        await rm(file('rendered/one'), { recursive: true });
        await rm(file('rendered/two/MANIFEST'));
        await writeFile(file('rendered/two/thesis.txt'), 'years of work');
      },
      2,
      /rendered\/two holds files but no MANIFEST/,
    ],
    [
      'a file in place of the folder',
      ['--out', 'hardening.config.ts'],
      () => Promise.resolve(),
      2,
      /hardening\.config\.ts cannot be read or written: ENOTDIR[^]*fix: choose another folder with --out DIR/,
    ],
    ['no folder', ['--out', ''], () => Promise.resolve(), 2, /--out[^]*Give the name of a folder/],
  ])('refuses %s, and writes nothing', async (_what, parameters, spoil, code, message) => {
    await spoil();
    const before = await everything();
    const top = await readdir(file());
    const result = await render(...parameters);
    expect(result.output).toMatch(message);
    expect(result.output).not.toContain('defect');
    expect(result.code).toBe(code);
    expect(await everything()).toEqual(before);
    expect(await readdir(file())).toEqual(top);
  });

  if (process.platform !== 'linux') console.warn('skipped: there is no /proc here');
  it.skipIf(process.platform !== 'linux')(
    'refuses a folder that the system does not let be made',
    async () => {
      const result = await render('--out', '/proc/hardening/rendered');
      expect(result).toMatchObject({
        code: 2,
        output: expect.stringMatching(/error: .*cannot be read or written: ENOENT/) as string,
      });
    },
  );

  it('fails the check where the folder of a stack is a symbolic link', async () => {
    await cp(file('rendered/two'), file('elsewhere'), { recursive: true });
    await rm(file('rendered/two'), { recursive: true });
    await symlink(file('elsewhere'), file('rendered/two'));
    const result = await render('--check');
    expect(result.output).toMatch(/is no folder but a symbolic link[^]*fix: remove it/);
    expect(result.code).toBe(1);
  });

  it('says what it did, not what it found', async () => {
    await rm(file(map));
    await writeFile(file('rendered/one/etc/extra.conf'), 'x\n');
    await writeFile(file('rendered/one/MANIFEST'), '');
    const { output } = await render();
    expect(output).toMatch(/identities\.conf written$/m);
    expect(output).toMatch(/extra\.conf removed$/m);
    expect(output).toMatch(/MANIFEST replaced$/m);
    expect(output).toMatch(/^rendered: 3 files written or removed$/m);
    expect(output).not.toMatch(/missing|differs|does not belong/);
  });

  it('refuses to write where it has not rendered before', async () => {
    await mkdir(file('precious/one'), { recursive: true });
    await writeFile(file('precious/one/thesis.txt'), 'years of work');
    const result = await render('--out', 'precious');
    expect(result.code).toBe(2);
    expect(await readdir(file('precious/one'))).toEqual(['thesis.txt']);
  });

  it('writes nothing where the configuration is bad', async () => {
    await writeConfiguration(['one', 'Two']);
    const before = await everything();
    const result = await render();
    expect(result.code).toBe(2);
    expect(result.output).toMatch(/stacks\.Two: not an allowed name/);
    expect(await everything()).toEqual(before);
  });

  it('writes the same bytes again, in another time zone, language and umask', async () => {
    const before = await everything();
    await rm(file('rendered'), { recursive: true });
    const old = process.umask(0o077);
    try {
      Object.assign(process.env, { TZ: 'Pacific/Apia', LC_ALL: 'tr_TR.UTF-8' });
      expect((await render()).code).toBe(0);
    } finally {
      process.umask(old);
      delete process.env['TZ'];
      delete process.env['LC_ALL'];
    }
    expect(await everything()).toEqual(before);
  });
});

describe('hardening', () => {
  it.each([
    [['--help'], 0, /render[^]*probe[^]*sandbox[^]*Exit codes:/],
    [['render', '--help'], 0, /--check[^]*Exit codes: 0/],
    [['probe', '--help'], 0, /Exit codes:/],
    [['sandbox', '--help'], 0, /--state-dir[^]*Exit codes: 0/],
    [[], 2, /Usage: hardening/],
    [['rendr'], 2, /Did you mean render\?/],
    [['render', '--chek'], 2, /Did you mean --check\?/],
    [['render', 'extra'], 2, /too many arguments/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
  ] as const)('%j ends with %i', async (parameters, code, pattern) => {
    const result = await runCommand(parameters);
    expect(result.output).toMatch(pattern);
    expect(result.code).toBe(code);
    // NO_COLOR is set.
    expect(result.output).not.toMatch(/\u001B/);
  });
});
