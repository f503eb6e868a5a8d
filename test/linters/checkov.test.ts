import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileTree } from '../../lib/render/file-tree.ts';
import { installTimeoutMs } from '../support/python-packages.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { checkov, reasonForNoCheckov, type CheckovResult } from './support/checkov.ts';
import { plainFiles, putFiles } from './support/file-places.ts';
import { clean, judge, type Finding } from './support/finding.ts';
import { synthesizeLinted, synthesizedStacks } from './support/synthesized.ts';
import { lintedStacks, machineTree } from './support/trees.ts';

const reason = reasonForNoCheckov();
if (reason !== undefined) console.warn(`checkov.test.ts: no stack is judged here: ${reason}`);

/** A folder of CI files, which `hardening init` copies. */
const projectFiles = fileURLToPath(new URL('../../templates-project', import.meta.url));

/** Where what it must find is, beside what it must not. */
const spoiled = 'spoiled';

interface Terraform {
  readonly terraform: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

describe.skipIf(reason !== undefined)('checkov, over stacks, CI files and all that is rendered', () => {
  let folder: TemporaryFolder;
  let result: CheckovResult;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const place = (path: string): string => join(folder.path, path);
    synthesizeLinted(place('synthesized'));
    for (const stack of await synthesizedStacks(place('synthesized')))
      await writeStack(place(`stacks/${stack}`), await readStack(place('synthesized'), stack));
    const droplet = await readStack(place('synthesized'), 'droplet');
    await rm(place('synthesized'), { recursive: true });
    await cp(projectFiles, place('project'), { recursive: true });
    await putFiles(place('machines'), differentFiles());

    // Beside them, so that checkov is started once.
    await writeStack(place(spoiled), openToTheWorld(droplet));
    const workflow = await readFile(join(projectFiles, 'github/.github/workflows/hardening.yml'), 'utf8');
    const settings = `id = "${madeUpKeyId()}"\n`;
    await putFiles(
      place(spoiled),
      plainFiles([
        ['.github/workflows/spoiled.yml', withInjection(workflow)],
        ['etc/settings', settings],
      ]),
    );
    result = await checkov(folder.path);
  }, installTimeoutMs);
  afterAll(() => folder.remove());

  const isSpoiled = ({ where }: Finding): boolean => where.startsWith(`${spoiled}/`);

  it('reads stacks and CI files of every kind', () => {
    for (const kind of ['terraform_json', 'github_actions', 'gitlab_ci', 'bitbucket_pipelines'])
      expect(result.checks[kind], kind).toBeGreaterThan(0);
  });

  it('has nothing to say that is not waived', () => {
    expect(
      judge(
        'checkov',
        result.findings.filter((finding) => !isSpoiled(finding)),
      ),
    ).toEqual(clean);
  });

  it('finds an open firewall, a script that a stranger can write to, and a key', () => {
    const rules = result.findings.filter(isSpoiled).map(({ rule }) => rule);
    expect(rules).toEqual(expect.arrayContaining(['CKV_DIO_4', 'CKV_GHA_2', 'CKV_SECRET_2']));
  });
});

async function readStack(synthesized: string, stack: string): Promise<Terraform> {
  return JSON.parse(await readFile(join(synthesized, 'stacks', stack, 'cdk.tf.json'), 'utf8')) as Terraform;
}

/** Writes a stack for checkov, which ends at `required_version`, since that is no block: it gets all the rest. */
async function writeStack(folder: string, { terraform, ...stack }: Terraform): Promise<void> {
  const { required_version: _, ...blocks } = terraform;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'cdk.tf.json'), JSON.stringify({ ...stack, terraform: blocks }, null, 2));
}

/** The files of all machines, each different one once. */
function differentFiles(): FileTree {
  const all = lintedStacks.flatMap((one) => [...machineTree(one)]);
  const different = new Map(all.map(([path, file]) => [`${path}\n${file.content}`, [path, file] as const]));
  return new Map([...different.values()].map(([path, file], index) => [`${index}/${path}`, file]));
}

function openToTheWorld(stack: Terraform): Terraform {
  const firewalls = Object.entries(stack.resource['digitalocean_firewall'] ?? {}).map(([name, firewall]) => [
    name,
    {
      ...firewall,
      inbound_rule: [{ protocol: 'tcp', port_range: '11434', source_addresses: ['0.0.0.0/0'] }],
    },
  ]);
  return {
    ...stack,
    resource: {
      ...stack.resource,
      digitalocean_firewall: Object.fromEntries(firewalls) as Terraform['resource'][string],
    },
  };
}

/** The title of a pull request, in a shell. */
const withInjection = (workflow: string): string =>
  workflow.replace(/^( *)run: npm .*$/m, "$1run: echo '${{ github.event.pull_request.title }}'");

/** In the form of the name of a key of AWS, and nobody's. */
const madeUpKeyId = (): string =>
  `AKIA${Array.from({ length: 16 }, (_, at) => 'QZJ7XW2K'[(at * 5) % 8] ?? '').join('')}`;
