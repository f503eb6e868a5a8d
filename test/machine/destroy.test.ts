import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelStore } from '../../lib/model/machine/ollama-unit.ts';
import type { Result } from '../distributions/support/machine.ts';
import {
  bootDeployable,
  deploymentTimeoutMs,
  deploymentTo,
  reasonForNoDeployment,
  stackName,
  type Deployment,
} from './support/deployment.ts';
import type { Host } from './support/host.ts';
import { terraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`destroy.test.ts: nothing is deployed here: it ${reason}`);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A store where one model was fetched by the kit, and the others and a blob that both have came otherwise. */
const [weights, template, own] = ['the weights', 'the template', 'weights of somebody else'];
const fetchedManifest = `{"layers":["sha256:${sha256(weights)}","sha256:${sha256(template)}"]}`;
const replacedManifest = `{"layers":["sha256:${sha256(own)}"]}`;
const fetched = 'registry.ollama.ai/library/fetched/1';
const replaced = 'registry.ollama.ai/library/replaced/1';
const byHand = {
  'manifests/registry.ollama.ai/library/by-hand/latest': `{"layers":["sha256:${sha256(own)}","sha256:${sha256(template)}"]}`,
  // Fetched once, and since then by somebody else with another content.
  [`manifests/${replaced}`]: replacedManifest,
  [`blobs/sha256-${sha256(own)}`]: own,
  [`blobs/sha256-${sha256(template)}`]: template,
};
const byTheKit = {
  [`manifests/${fetched}`]: fetchedManifest,
  [`blobs/sha256-${sha256(weights)}`]: weights,
};
const record = [
  `blob ${sha256(weights)}`,
  `blob ${sha256(template)}`,
  `manifest ${sha256(fetchedManifest)} ${fetched}`,
  `manifest ${sha256('as it was fetched')} ${replaced}`,
  // What no program of the kit writes.
  `manifest ${sha256('of root')} ../../../../root/of-root`,
];

describe.skipIf(reason !== undefined)('a destroy', () => {
  let host: Host;
  let deployment: Deployment;

  beforeAll(async () => {
    const tools = await terraformTools();
    host = await bootDeployable('trixie');
    deployment = await deploymentTo(host, tools);
    await deployment.configure();
    await deployment.deploy();
    await host.machine.write('/root/of-root', 'of root');
    const files = { ...byHand, ...byTheKit, '.hardening-fetched': `${record.join('\n')}\n` };
    for (const [path, content] of Object.entries(files)) {
      await host.machine.write(`${modelStore}/${path}`, content);
    }
    await host.machine.write(`${modelStore}/.hardening-staging/part`, 'a part of a blob');
    await host.machine.output(['chown', '-R', 'ollama:ollama', modelStore]);
  }, deploymentTimeoutMs);
  afterAll(async () => {
    await deployment.remove();
    await host.stop();
  });

  const destroy = (...parameters: readonly string[]): Promise<Result> =>
    deployment.hardening('destroy', stackName, ...parameters);
  /** Every file of the store but the kit's own record, with its path in it. */
  const store = async (): Promise<Record<string, string>> => {
    const find = ['find', modelStore, '-type', 'f', '!', '-name', '.hardening-fetched', '-printf', '%P\n'];
    const paths = (await host.machine.output(find)).trim().split('\n');
    const contents = paths.map(async (path) => [
      path,
      await host.machine.output(['cat', `${modelStore}/${path}`]),
    ]);
    return Object.fromEntries((await Promise.all(contents)) as [string, string][]);
  };
  const kitIsThere = async (): Promise<boolean> =>
    (await host.machine.run(['test', '-e', '/var/lib/hardening'])).status === 0;

  test('that is not approved changes nothing, and leaves no wish for models in the state', async () => {
    // There is nobody to ask.
    const { status, stderr } = await destroy('--models');
    expect(stderr).toContain('not destroyed: the state says again that models stay');
    expect(status).toBe(1);
    expect(await kitIsThere()).toBe(true);
    expect((await deployment.terraform('show', '-no-color')).stdout).toMatch(/remove_models\s+= false/);
  });

  test('by plain terraform keeps models, also where the variable is given to it alone', async () => {
    const { status, stdout, stderr } = await deployment.terraform(
      ...['destroy', '-auto-approve', '-no-color', '-var=remove_models=true'],
    );
    expect(`${stdout}${stderr}`).toContain('the user ollama and its models');
    expect(status).toBe(0);
    expect(await kitIsThere()).toBe(false);
    expect(await store()).toEqual({ ...byHand, ...byTheKit });
  });

  test('says that models stay, and that they can go', async () => {
    await deployment.deploy();
    const { status, stdout, stderr } = await destroy('--auto-approve');
    expect(stderr).toContain('Models stay; --models removes those that the kit has fetched');
    expect(stdout).toContain('hardening: left as they are: packages, the user ollama and its models');
    expect(status).toBe(0);
    expect(await kitIsThere()).toBe(false);
    expect(await store()).toEqual({ ...byHand, ...byTheKit });
  });

  test('with --models removes what the kit has fetched, and nothing else', async () => {
    await deployment.deploy();
    const { status, stdout, stderr } = await destroy('--models', '--auto-approve');
    expect(stderr).toContain('The models go that it has fetched');
    expect(stdout).toContain('hardening: removed the model registry.ollama.ai/library/fetched:1');
    expect(stdout).toContain('stays: a model that was not fetched has it too');
    expect(stdout).toContain('the user ollama and the models that the kit did not fetch');
    expect(stdout).not.toMatch(/removed the model (?!registry\.ollama\.ai\/library\/fetched:1)/);
    expect(status).toBe(0);
    expect(await kitIsThere()).toBe(false);
    expect(await store()).toEqual(byHand);
    expect(await host.machine.output(['cat', '/root/of-root'])).toBe('of root');
    const left = ['find', modelStore, '-name', '.hardening*', '-o', '-path', '*library/fetched*'];
    expect(await host.machine.output(left)).toBe('');
  });

  test('of a stack that is not there is refused', async () => {
    const { status, stderr } = await destroy('--auto-approve');
    expect(stderr).toContain(`terraform knows of nothing that was made for ${stackName}`);
    expect(status).toBe(2);
  });
});
