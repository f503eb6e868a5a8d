import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  installedTerraform,
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  type TerraformTools,
} from '../machine/support/terraform-tools.ts';
import { reasonNotToInstall } from '../package/support/installed-package.ts';
import { writeConfiguration } from '../package/support/own-app.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { engineProjects, engineProjectsTimeoutMs, type EngineProject } from './support/engine-project.ts';
import { filesWith, keyParts } from './support/key-parts.ts';
import { runTerraform } from './support/run-terraform.ts';
import { encryptedStack, everyStack, hostStacks } from './support/stacks.ts';

const reason = reasonNotToInstall() ?? reasonForNoTerraform();
const terraform = installedTerraform();
const noTerraform = terraform === undefined ? ': terraform 1.5 or later is not installed' : '';

/** A dozen runs of programs, on a slow machine. */
const slowMs = 240_000;

/** With as few iterations as OpenTofu takes, a third of what it does by itself: each run derives the key several times. */
const method = `
key_provider "pbkdf2" "own" {
  passphrase = "a passphrase of this test"
  iterations = 200000
}
method "aes_gcm" "own" { keys = key_provider.pbkdf2.own }
plan { method = method.aes_gcm.own }
`;
const encrypted = `${method} state { method = method.aes_gcm.own }`;
/** The same, that also reads a state in clear. docs/engines.md has it. */
const fromClear = `${method}
method "unencrypted" "before" {}
state {
  method = method.aes_gcm.own
  fallback { method = method.unencrypted.before }
}
`;

describe.skipIf(reason !== undefined)(
  `terraform and OpenTofu${reason ? `: ${reason}` : ''}`,
  { timeout: slowMs },
  () => {
    let folder: TemporaryFolder;
    let projects: EngineProject[];
    let tools: TerraformTools;
    /** What each stack's plan says that it would do: the same, whichever engine and program is asked. */
    const planned = new Map<string, string>();

    const inProject = (name: string): EngineProject => {
      const project = projects.find(({ engine }) => engine.name === name);
      if (project === undefined) throw new Error('the project is gone');
      return project;
    };

    beforeAll(async () => {
      folder = await temporaryFolder();
      [projects, tools] = await Promise.all([engineProjects(folder.path), terraformTools('opentofu')]);
    }, engineProjectsTimeoutMs + terraformToolsTimeoutMs);
    afterAll(() => folder.remove());

    /** `hardening deploy --plan` for one stack, and plain plans for the others that it synthesized. */
    async function planEach(project: EngineProject, program: string): Promise<void> {
      const { inStack, environment } = runTerraform(project, program, tools.environment);
      const deployed = await project.hardening(['deploy', 'reviews', '--plan'], environment);
      expect(deployed).toMatchObject({ code: 0 });
      for (const name of Object.keys(hostStacks)) {
        await inStack(name, 'init', '-input=false');
        const said = await inStack(name, 'plan', '-input=false', '-no-color');
        const [plan] = /^Plan: [1-9]\d* to add, 0 to change, 0 to destroy\.$/m.exec(said) ?? [said];
        if (name === 'reviews') expect(deployed.stdout).toContain(plan);
        expect(plan, name).toBe(planned.get(name) ?? plan);
        planned.set(name, plan);
      }
    }

    it.skipIf(noTerraform !== '')(`terraform plans each stack of both engines${noTerraform}`, async () => {
      for (const project of projects) await planEach(project, terraform ?? '');
    });

    it('OpenTofu plans each stack of both engines, the same', async () => {
      for (const project of projects) await planEach(project, tools.terraform);
      expect([...planned.keys()]).toEqual(Object.keys(hostStacks));
    });

    it('OpenTofu writes no key to the disk', async () => {
      const project = inProject('cdktn');
      const name = 'host-encrypted';
      const state = join(project.path, `terraform.${name}.tfstate`);
      const environment = { ...tools.environment, TF_ENCRYPTION: encrypted };
      const tofu = runTerraform(project, tools.terraform, environment);
      await tofu.applyCertificates(name);
      const before = await tofu.inStack(name, 'state', 'pull');
      // One key anew, for a backup; and a plan, which has the state in it.
      const [key] = /ollama_service-ci-1_key_[0-9A-F]+/.exec(before) ?? [];
      const anew = [`-target=tls_private_key.${key}`, `-replace=tls_private_key.${key}`];
      await tofu.inStack(name, 'apply', '-input=false', '-auto-approve', ...anew);
      await tofu.inStack(name, 'plan', '-input=false', '-out=the.plan');

      const output = await tofu.inStack(name, 'output', '-json', 'client_ci');
      const parts = keyParts(before, await tofu.inStack(name, 'state', 'pull'), output);
      // Six keys: of the CA, the gateway, its health and two services, one of these twice. Each is there in three forms.
      expect(parts.length).toBeGreaterThan(6 * 3 * 4);
      expect(await filesWith(project.path, parts)).toEqual([]);
      for (const file of [
        state,
        `${state}.backup`,
        join(project.path, `cdktf.out/stacks/${name}/the.plan`),
      ]) {
        const written = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
        expect(Object.keys(written), file).toContain('encrypted_data');
        expect(JSON.stringify(written).search(/PRIVATE KEY|tls_private_key/), file).toBe(-1);
      }

      // The kit reads such a state.
      const bundle = ['bundle', 'ci', '--stack', name, '--out', 'ci'];
      expect(await project.hardening(bundle, tofu.environment)).toMatchObject({ code: 0 });
      const [file = ''] = (await filesWith(project.path, parts)).filter((one) => one.endsWith('/key.pem'));
      const { key: own } = JSON.parse(output) as { key: string };
      expect((await readFile(join(project.path, file), 'utf8')) === own).toBe(true);
    });

    it('a state in clear has them, and becomes one that is encrypted', async () => {
      const project = inProject('cdktn');
      const name = 'reviews';
      const state = `terraform.${name}.tfstate`;
      const clear = runTerraform(project, terraform ?? tools.terraform, tools.environment);
      await clear.applyCertificates(name);
      const parts = keyParts(await clear.inStack(name, 'state', 'pull'));
      expect(await filesWith(project.path, parts)).toEqual([state]);
      const text = await readFile(join(project.path, state), 'utf8');
      expect(text.includes('PRIVATE KEY')).toBe(true);
      // All that PEM is made of is there as it is.
      expect(parts.filter((part) => text.includes(part.toString())).length).toBeGreaterThan(6 * 3 * 4);

      // As docs/engines.md says it.
      const environment = { ...tools.environment, TF_ENCRYPTION: fromClear };
      const moving = runTerraform(project, tools.terraform, environment);
      const plan = ['deploy', name, '--plan'];
      expect(await project.hardening(plan, moving.environment)).toMatchObject({ code: 0 });
      await moving.inStack(name, 'apply', '-refresh-only', '-auto-approve');
      expect(await filesWith(project.path, parts)).toEqual([]);

      await writeConfiguration(project.path, { ...everyStack, [name]: encryptedStack });
      const after = runTerraform(project, tools.terraform, { ...environment, TF_ENCRYPTION: encrypted });
      const { code, stdout } = await project.hardening(plan, after.environment);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Plan: \d to add, 0 to change, 0 to destroy\.$/m);
      expect(stdout).not.toMatch(/tls_\S+ will be/);
      expect(keyParts(await after.inStack(name, 'state', 'pull'))).toEqual(parts);
      expect(await filesWith(project.path, parts)).toEqual([]);
    });
  },
);
