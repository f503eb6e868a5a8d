import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change } from '../../lib/review/change.ts';
import { printReview } from '../../lib/review/print.ts';
import type { Review } from '../../lib/review/review.ts';
import { runCommand, startCommand } from '../support/sandbox-process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { withoutCodeSpans } from './support/code-spans.ts';
import { repository, type Repository, type Stacks } from './support/repository.ts';

const gateway = { serverNames: ['models.example.com'] };
const base: Stacks = { production: { gateway, services: { ci: {} } } };
const wider: Stacks = { production: { gateway, services: { ci: {}, evil: {} } } };
const lines = ({ changes }: Review): string[] => changes.map(({ mark, text }) => `${mark} ${text}`);

describe('a review of a repository', () => {
  let repo: Repository;
  /** Where the review keeps what it needs, apart from other tests. */
  let temporary: TemporaryFolder;
  const usual = process.env['TMPDIR'];
  beforeEach(async () => {
    repo = await repository();
    temporary = await temporaryFolder();
    process.env['TMPDIR'] = temporary.path;
    await repo.configure(base);
    await repo.render();
    repo.commit('The base');
  });
  afterEach(async () => {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
    await temporary.remove();
    await repo.remove();
  });

  const command = (...parameters: string[]) => runCommand(['review', ...parameters], repo.path);
  const kept = async (): Promise<string[]> =>
    (await readdir(temporary.path)).filter((name) => name.startsWith('hardening-'));

  it('says in one line that nothing changes', async () => {
    const { code, output } = await command();
    expect(output).toMatch(/^Nothing changes between `[0-9a-f]{12}` and the working tree\.\n$/);
    expect(code).toBe(0);
  });

  it('exits with 1 where something widens, widening first, and with the same in JSON', async () => {
    await repo.configure({ production: { gateway, services: { evil: {} }, log: { rotateCount: 3 } } });
    const { code, output } = await command();
    expect(code).toBe(1);
    expect(output).toMatch(/^# Review: 1 to approve, 1 narrowing, \d+ neutral\n/);
    const places = [
      '**WIDENS** `production`: service `evil`',
      'narrows `production`: service `ci`',
      'neutral `pr',
    ];
    const found = places.map((text) => output.indexOf(text));
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(found[0]).toBeGreaterThan(0);
    const json = await command('--json');
    expect(json.code).toBe(1);
    const document = JSON.parse(json.output) as { needsApproval: boolean; changes: Change[] };
    expect(document.needsApproval).toBe(true);
    const [widening, ...others] = document.changes.filter(({ mark }) => mark === 'widens');
    expect(widening).toMatchObject({ of: 'production' });
    expect(widening?.text).toMatch(/^service `evil`: added/);
    expect(others).toEqual([]);
  });

  it('exits with 0 where something narrows alone', async () => {
    await repo.configure({ production: { gateway, services: {} } });
    await repo.render();
    const { code, output } = await command();
    expect(output).toContain('narrows `production`: service `ci`: let in no longer');
    expect(output).not.toContain('## Not rendered');
    expect(code).toBe(0);
  });

  it('names the files that are not rendered', async () => {
    await repo.configure(wider);
    const { stale } = await repo.review();
    expect(stale).toContain('rendered/production/etc/hardening/gateway/identities.conf');
    await repo.render();
    expect((await repo.review()).stale).toEqual([]);
  });

  it('leaves nothing behind, in the temporary folder and in git', async () => {
    await repo.configure(wider);
    const [status, config] = [repo.git('status', '--porcelain'), repo.git('config', '--list', '--local')];
    await repo.review();
    await repo.review({ base: 'nothing' }).catch(() => undefined);
    await repo.write('hardening.config.ts', 'throw new Error("no");');
    await repo.review().catch(() => undefined);
    await repo.configure(wider);
    expect(await kept()).toEqual([]);
    expect(repo.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
    expect(repo.git('status', '--porcelain')).toBe(status);
    expect(repo.git('config', '--list', '--local')).toBe(config);
  });

  it('leaves nothing behind where it is ended', async () => {
    await repo.write('hardening.config.ts', 'for (;;); export default {};');
    repo.commit('Endless');
    await repo.configure(base);
    const running = startCommand(['review', '--base', 'HEAD'], repo.path);
    await vi.waitFor(
      async () => {
        expect((await kept()).some((name) => name.startsWith('hardening-review-'))).toBe(true);
        expect((await kept()).some((name) => name.startsWith('hardening-config-'))).toBe(true);
        const [review = ''] = (await kept()).filter((name) => name.startsWith('hardening-review-'));
        expect(await readdir(join(temporary.path, review, 'base'))).toContain('hardening.config.ts');
      },
      { timeout: 20_000 },
    );
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(130);
    expect(await kept()).toEqual([]);
  });

  it('runs no hook', async () => {
    const hooks = join(repo.path, '.git/hooks');
    await mkdir(hooks, { recursive: true });
    for (const name of ['post-checkout', 'post-index-change', 'reference-transaction']) {
      await writeFile(join(hooks, name), `#!/bin/sh\necho ran >>'${repo.path}/ran'\n`);
      await chmod(join(hooks, name), 0o755);
    }
    await repo.configure(wider);
    await repo.review();
    await expect(readFile(join(repo.path, 'ran'))).rejects.toThrow('ENOENT');
  });

  it('compares with where the branch was left, not with what came there since', async () => {
    repo.git('checkout', '--quiet', '-b', 'feature');
    await repo.configure({ production: { gateway, services: { ci: {}, mine: {} } } });
    repo.commit('Mine');
    repo.git('checkout', '--quiet', 'main');
    await repo.configure({ production: { gateway, services: { ci: {}, theirs: {} } } });
    repo.commit('Theirs');
    repo.git('checkout', '--quiet', 'feature');
    const said = lines(await repo.review()).join('\n');
    expect(said).toContain('service `mine`: added');
    expect(said).not.toContain('theirs');
  });

  it('takes the default branch of origin before main', async () => {
    repo.git('update-ref', 'refs/remotes/origin/trunk', 'HEAD');
    repo.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
    await repo.configure(wider);
    await repo.render();
    repo.commit('On main');
    expect((await repo.review()).base.ref).toBe('refs/remotes/origin/HEAD');
    expect(lines(await repo.review()).join('\n')).toContain('service `evil`: added');
    expect(lines(await repo.review({ base: 'main' }))).toEqual([]);
  });

  describe('where a tag has the name of the branch that a change goes to', () => {
    const added = 'service `evil`: added';
    beforeEach(async () => {
      repo.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
      repo.git('branch', 'release');
      repo.git('checkout', '--quiet', '-b', 'feature');
      await repo.configure(wider);
      await repo.render();
      repo.commit('Wider');
      // With it as the base nothing would change.
      for (const name of ['origin/main', 'main', 'release', 'origin/HEAD', 'refs/remotes/origin/HEAD'])
        repo.git('tag', name);
    });

    it.each(['origin/main', 'main', 'release', 'heads/main', 'release~0'])(
      'refuses %s, and says how to write it',
      async (name) => {
        if (name === 'heads/main') repo.git('tag', 'heads/main');
        const { code, output } = await command('--base', name);
        expect(code).toBe(2);
        expect(output).toContain(`${name} is the name of more than one commit here`);
        const whole = [...output.matchAll(/--base (refs\/\S+)/g)].map(([, ref = '']) => ref);
        expect(whole).toHaveLength(2);
        expect(whole[1]).toMatch(/^refs\/tags\//);
        for (const ref of whole) expect(repo.git('rev-parse', '--verify', ref)).toMatch(/^[0-9a-f]{40}$/m);
      },
    );

    it('takes each by its whole name, and a tag by its own where nothing else has it', async () => {
      repo.git('tag', 'v1', 'refs/heads/main');
      for (const ref of ['refs/remotes/origin/main', 'refs/heads/release', 'v1', 'refs/tags/v1'])
        expect(lines(await repo.review({ base: ref })).join('\n'), ref).toContain(added);
      for (const ref of ['refs/tags/origin/main', 'feature'])
        expect(lines(await repo.review({ base: ref })), ref).toEqual([]);
    });

    it('does not take the tag for the default branch', async () => {
      const { base: found, changes } = await repo.review();
      expect(found.ref).toBe('refs/remotes/origin/main');
      expect(changes.map(({ text }) => text).join('\n')).toContain(added);
    });

    it('does not take a tag for a whole name that is not there', async () => {
      repo.git('tag', 'refs/heads/gone');
      expect((await command('--base', 'refs/heads/gone')).output).toMatch(
        /there is no commit refs\/heads\/gone/,
      );
    });

    it('refuses an abbreviated hash that is a name too, and takes the whole hash', async () => {
      const hash = repo.git('rev-parse', 'refs/heads/main').trim();
      repo.git('tag', hash.slice(0, 10));
      repo.git('tag', `v1-0-g${hash.slice(0, 10)}`);
      repo.git('update-ref', `refs/tags/${hash}`, 'HEAD');
      for (const name of [hash.slice(0, 10), `v1-0-g${hash.slice(0, 10)}`]) {
        const { code, output } = await command('--base', name);
        expect(output).toContain(`--base ${hash}`);
        expect(code).toBe(2);
      }
      expect(lines(await repo.review({ base: hash })).join('\n')).toContain(added);
    });
  });

  it('reads a configuration whose base is of several files and packages', async () => {
    await repo.write('node_modules/names/package.json', '{"name":"names","main":"index.js"}');
    await repo.write('node_modules/names/index.js', "module.exports = { first: 'ci' };");
    await repo.write('.gitignore', 'node_modules\n');
    await repo.write('settings.ts', 'export const rate = 3;');
    await repo.write(
      'hardening.config.ts',
      "import names from 'names'; import { rate } from './settings.ts'; export default { stacks: { production: { " +
        "gateway: { serverNames: ['models.example.com'] }, services: { [names.first]: { rate: " +
        '{ requestsPerSecond: rate, burst: 5 } } } } } };',
    );
    await repo.render();
    repo.commit('In parts');
    expect(lines(await repo.review({ base: 'HEAD' }))).toEqual([]);
    await repo.write('settings.ts', 'export const rate = 30;');
    const found = await repo.review({ base: 'HEAD' });
    expect(lines(found)).toContain('widens service `ci`: inference requests a second 3 → 30');
    expect(found.unread).toEqual([]);
  });

  it('marks what the kit changes in rendered files, by kind', async () => {
    const file = 'rendered/production/etc/hardening/gateway/routes.conf';
    const text = await readFile(join(repo.path, file), 'utf8');
    await repo.write(file, `${text}# A line of an earlier kit.\n`);
    await repo.write('rendered/production/infrastructure.md', 'Another document\n');
    repo.commit('As an earlier kit rendered it');
    await repo.render();
    const said = lines(await repo.review({ base: 'HEAD' }));
    expect(said[0]).toMatch(
      /^mayWiden the gateway: the kit .* `etc\/hardening\/gateway\/routes\.conf` \(\+0 −1\)/,
    );
    expect(said[1]).toMatch(/^neutral documents for the reviewer: the kit /);
    expect(said).toHaveLength(2);
    const { code, output } = await command('--base', 'HEAD');
    expect(output).toMatch(/## To approve\n\n- \*\*MAY WIDEN\*\* `production`: the gateway/);
    expect(code).toBe(1);
  });

  it('names a unit of an earlier kit that is loosened', async () => {
    const file = 'rendered/production/etc/systemd/system/hardening-gateway.service';
    const text = await readFile(join(repo.path, file), 'utf8');
    await repo.write(
      file,
      text.replace('[Service]', '[Service]\nProtectClock=yes\nX-Only=1\nIPAddressDeny=any'),
    );
    repo.commit('As an earlier kit rendered it');
    const said = lines(await repo.review({ base: 'HEAD' })).join('\n');
    expect(said).toMatch(/(?:widens|mayWiden) unit `hardening-gateway\.service`.*IPAddressDeny=any/);
  });

  it('sees that a trusted folder has another CA', async () => {
    await repo.configure({
      production: { gateway, services: {}, pki: { mode: 'external', directory: 'pki' } },
    });
    await repo.write('pki/certs/ca.crt', 'one\n');
    await repo.render();
    repo.commit('With a CA');
    await repo.write('pki/certs/ca.crt', 'two\n');
    const said = lines(await repo.review({ base: 'HEAD' }));
    expect(said[0]).toMatch(/^widens the gateway trusts the CA in `pki` \(certificate `[0-9a-f]{16}`\)/);
    expect(said[1]).toMatch(/^narrows the gateway no longer trusts/);
  });

  it('counts everything as added where the base has no configuration', async () => {
    repo.git('rm', '--quiet', '-r', '--cached', 'hardening.config.ts', 'rendered');
    repo.git('commit', '--quiet', '-m', 'Without');
    const found = await repo.review({ base: 'HEAD' });
    expect(lines(found)[0]).toMatch(/^widens the stack is added/);
    expect(lines(found).join('\n')).toContain('widens service `ci`: added');
    expect(printReview(found)).toContain('The base has no `hardening.config.ts`');
  });

  it('names what changed and is not read', async () => {
    await repo.write('.github/workflows/deploy.yml', 'on: pull_request_target\n');
    const { unread } = await repo.review();
    expect(unread).toEqual(['.github/workflows/deploy.yml']);
    expect((await command()).output).toContain(
      'Changed too, and not read here: `.github/workflows/deploy.yml`',
    );
  });

  it('lets no branch write into the comment: names, reasons and paths stay in code spans', async () => {
    const reason = '`` ` @team # Approved | <img src=x> [a](http://b) **x** ~~ $1 ` `` !';
    await repo.configure({
      production: {
        gateway,
        services: { ci: {} },
        revoked: [{ service: 'gone', date: '2026-01-01', reason }],
        ssh: { sources: ['0.0.0.0/0'], everywhereReason: reason },
        firewall: { additionalInbound: [{ port: 9_000, sources: ['10.0.0.0/8'], reason }] },
      },
    });
    await repo.write('x`\n# Approved by @team\n', 'x');
    await repo.write(
      '@team #1.json',
      JSON.stringify({
        format_version: '1.2',
        planned_values: {},
        resource_changes: [
          {
            address: 'null_resource.x["`\\n\\n# Approved @team"]\n# Approved',
            mode: 'managed',
            type: 'null_resource',
            name: 'x',
            change: { actions: ['create'], before: null, after: { password: 'hunter2' }, after_unknown: {} },
          },
        ],
      }),
    );
    const markdown = printReview(await repo.review({ plans: [join(repo.path, '@team #1.json')] }));
    expect(markdown).toContain('@team');
    const outside = withoutCodeSpans(markdown);
    expect(outside).not.toMatch(/@|<img|\[a\]|Approved|~~|\$1/);
    expect(outside.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(
      markdown
        .split('\n')
        .filter((line) => /^## (?:To approve|Narrowed|Neutral|Not rendered)$|^# Review: /.test(line)).length,
    );
    expect(markdown).not.toContain('hunter2');
  });

  it('stays shorter than a comment may be, with how much is left out', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 1_500 }, (_, index) => [`s${index}`, { generation: index + 1 }]),
    );
    await repo.configure({ production: { gateway, services: many } });
    const found = await repo.review();
    const markdown = printReview(found);
    expect(markdown.length).toBeLessThan(65_536);
    expect(markdown).toMatch(/… and \d+ changes more/);
    expect(found.changes.filter(({ mark }) => mark === 'widens').length).toBeGreaterThanOrEqual(1_499);
  });

  it('exits with 2 for a configuration that is refused', async () => {
    await repo.write('hardening.config.ts', 'export default { stacks: {} };');
    const { code, output } = await command();
    expect(code).toBe(2);
    expect(output).toContain('an object with a stack name for each key');
  });

  it('says which configuration is refused: that of the base', async () => {
    await repo.write('hardening.config.ts', 'export default 1;');
    repo.commit('Broken');
    await repo.configure(base);
    const { code, output } = await command('--base', 'HEAD');
    expect(code).toBe(2);
    expect(output).toMatch(/^error: in the base: /);
  });

  it.each([
    ['a base that is not there', ['--base', 'nowhere'], /there is no commit nowhere/],
    ['a base that looks like an option', ['--base=--all'], /there is no commit --all/],
    ['a plan that is not there', ['--plan', 'none.json'], /none\.json could not be read \(ENOENT\)/],
    ['a plan that is a configuration', ['--plan', 'cdk.tf.json'], /cdk\.tf\.json is no plan/],
    [
      'a configuration elsewhere',
      ['--config', '/nowhere/hardening.config.ts'],
      /is not in a git repository|could not|cannot|no file/,
    ],
  ])('exits with 2 for %s', async (_name, parameters, message) => {
    await repo.write('cdk.tf.json', '{"resource":{}}');
    const { code, output } = await command(...parameters);
    expect(output).toMatch(message);
    expect(code).toBe(2);
  });

  it('exits with 2 outside of git, without a default branch, and without history in common', async () => {
    repo.git('branch', '--quiet', '-m', 'main', 'trunk');
    expect((await command()).output).toMatch(/neither origin\/HEAD nor a branch main/);
    repo.git('checkout', '--quiet', '--orphan', 'other');
    repo.git('commit', '--quiet', '-m', 'Other');
    expect((await command('--base', 'trunk')).output).toMatch(/no commit in common/);
    const outside = await temporaryFolder();
    await writeFile(
      join(outside.path, 'hardening.config.ts'),
      `export default ${JSON.stringify({ stacks: base })};`,
    );
    const { code, output } = await runCommand(['review'], outside.path);
    expect(output).toMatch(/is not in a git repository/);
    expect(code).toBe(2);
    await outside.remove();
  });

  it('works in a folder below the top, by a link, and in a worktree of git', async () => {
    await rm(join(repo.path, 'hardening.config.ts'));
    await rm(join(repo.path, 'rendered'), { recursive: true });
    await repo.write('infra/hardening.config.ts', `export default ${JSON.stringify({ stacks: base })};`);
    repo.commit('Below');
    repo.git('worktree', 'add', '--quiet', `${repo.path}-second`, '-b', 'second');
    try {
      await symlink(join(`${repo.path}-second`, 'infra'), join(repo.path, 'link'));
      const below = join(`${repo.path}-second`, 'infra/hardening.config.ts');
      await writeFile(below, `export default ${JSON.stringify({ stacks: wider })};`);
      for (const folder of [join(`${repo.path}-second`, 'infra'), join(repo.path, 'link')]) {
        const { code, output } = await runCommand(['review'], folder);
        expect(output).toContain('service `evil`: added');
        expect(code).toBe(1);
      }
    } finally {
      await rm(`${repo.path}-second`, { recursive: true });
    }
  });
});
