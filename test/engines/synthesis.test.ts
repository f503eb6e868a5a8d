import { existsSync } from 'node:fs';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTypes, npmInstall, reasonNotToInstall, run } from '../package/support/installed-package.ts';
import { writeOwnApp } from '../package/support/own-app.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { engineProjects, engineProjectsTimeoutMs, type EngineProject } from './support/engine-project.ts';
import { cdktn } from './support/engines.ts';
import { everyStack } from './support/stacks.ts';
import { synthesizedFiles } from './support/synthesized-files.ts';

const reason = reasonNotToInstall();

const unsafeApp = `import { PrivateKey } from '@cdktf/provider-tls/lib/private-key/index.js';
import { App, TerraformStack } from 'cdktf';
import { failOnPolicy } from 'review-hardening-kit/constructs';

const app = new App();
const stack = new TerraformStack(app, 'unsafe');
new PrivateKey(stack, 'key', { algorithm: 'RSA', rsaBits: 1024 });
failOnPolicy(stack);
app.synth();
`;

describe.skipIf(reason !== undefined)(
  `on cdktf and on cdktn${reason ? `: ${reason}` : ''}`,
  { timeout: 240_000 },
  () => {
    let folder: TemporaryFolder;
    let projects: EngineProject[];
    let [onCdktf, onCdktn]: Record<string, string>[] = [];

    const bothSynthesized = (output: string): Promise<Record<string, string>[]> =>
      Promise.all(projects.map(({ path }) => synthesizedFiles(join(path, output))));

    beforeAll(async () => {
      folder = await temporaryFolder();
      projects = await engineProjects(folder.path);
      [onCdktf, onCdktn] = await bothSynthesized('cdktf.out');
    }, engineProjectsTimeoutMs);
    afterAll(() => folder.remove());

    it('a project has that engine, once', async () => {
      for (const { engine, path } of projects) {
        const file = join(path, 'node_modules/cdktf/package.json');
        const { name, version } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
        expect({ name, version }).toEqual({ name: engine.name, version: engine.version });
        const lock = JSON.parse(await readFile(join(path, 'package-lock.json'), 'utf8')) as {
          packages: object;
        };
        const places = Object.keys(lock.packages).filter((place) =>
          /\/(?:cdktf|cdktn|constructs)$/.test(place),
        );
        expect(places).toEqual(['node_modules/cdktf', 'node_modules/constructs']);
      }
    });

    it('every stack is the same, to the letter, but for the version of the engine', async () => {
      const names = Object.keys(everyStack);
      expect(await readdir(join(folder.path, 'cdktn/cdktf.out/stacks'))).toEqual(names.sort());
      for (const { engine, path } of projects) {
        const file = join(path, 'cdktf.out/stacks/reviews/cdk.tf.json');
        expect(await readFile(file, 'utf8')).toContain(`"version": "${engine.version}"`);
      }
      expect(Object.keys(onCdktn ?? {}).length).toBeGreaterThan(50 * names.length);
      expect(onCdktn).toEqual(onCdktf);
    });

    it('a difference of one letter, of an empty list or of a file is seen', async () => {
      const copy = join(folder.path, 'copy');
      await cp(join(folder.path, 'cdktn/cdktf.out'), copy, { recursive: true });
      expect(await synthesizedFiles(copy)).toEqual(onCdktf);
      const file = join(copy, 'stacks/reviews/cdk.tf.json');
      const text = await readFile(file, 'utf8');
      for (const [from, to] of [
        ['"algorithm": "ECDSA"', '"algorithm": "ECDSa"'],
        ['"triggers_replace": []', '"triggers_replace": [[]]'],
        [/,\s*"triggers_replace": \[\]/, ''],
      ] as const) {
        const spoiled = text.replace(from, to);
        expect(spoiled).not.toBe(text);
        await writeFile(file, spoiled);
        expect(await synthesizedFiles(copy)).not.toEqual(onCdktf);
      }
      await writeFile(file, text);
      await writeFile(join(copy, 'stacks/reviews/more'), '');
      expect(await synthesizedFiles(copy)).not.toEqual(onCdktf);
    });

    it('an app of one’s own compiles, libraries included, and makes the same stack', async () => {
      for (const { path } of projects) await writeOwnApp(path);
      const [, project] = projects;
      expect(await checkTypes(project?.path ?? '')).toMatchObject({ code: 0, stdout: '' });
      await cp(join(folder.path, 'cdktn/out'), join(folder.path, 'cdktf/out'), { recursive: true });
      for (const { path } of projects) {
        const app = run(process.execPath, ['out/own-app.js'], path, { CDKTF_OUTDIR: 'own.out' });
        expect(await app).toMatchObject({ code: 0, stderr: '' });
      }
      const [first, second] = (await bothSynthesized('own.out')).map((files, index) => {
        const file = 'stacks/reviews/cdk.tf.json';
        // Where such an app does not say where its state is, both name a place by its whole path.
        const text = files[file]?.replace(projects[index]?.path ?? '', '<project>');
        expect(text).toContain('"path": "<project>/terraform.reviews.tfstate"');
        return { ...files, [file]: text };
      });
      expect(second).toEqual(first);
    });

    it('what the policy finds in such an app stops it on both', async () => {
      for (const { path } of projects) {
        await writeFile(join(path, 'unsafe.js'), unsafeApp);
        const ended = await run(process.execPath, ['unsafe.js'], path, { CDKTF_OUTDIR: 'unsafe.out' });
        expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('weak-key') as string });
        expect(existsSync(join(path, 'unsafe.out/stacks/unsafe/cdk.tf.json'))).toBe(false);
      }
    });

    it('a project moves from one to the other by two lines', async () => {
      const [project] = projects;
      if (project === undefined) throw new Error('there is no project');
      const file = join(project.path, 'package.json');
      const before = JSON.parse(await readFile(file, 'utf8')) as { dependencies: object };
      const { dependencies, ...fields } = cdktn.fields as { dependencies: object };
      const moved = { ...before, ...fields, dependencies: { ...before.dependencies, ...dependencies } };
      await writeFile(file, JSON.stringify(moved));
      await npmInstall(project.path);
      expect(await project.hardening(['synth'])).toMatchObject({ code: 0 });
      const [after] = await bothSynthesized('cdktf.out');
      expect(after).toEqual(onCdktf);
      const text = await readFile(join(project.path, 'cdktf.out/stacks/reviews/cdk.tf.json'), 'utf8');
      expect(text).toContain(`"version": "${cdktn.version}"`);
    });
  },
);
