import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderForwarder } from '../../../lib/bundle/render-forwarder.ts';
import { ciFiles, scriptsOf } from '../../init/support/ci-files.ts';
import { synthesizedStacks } from './synthesized.ts';
import { lintedForwarders, lintedStacks, lintedUserData, machineTree } from './trees.ts';

/** A shell program with its values in it. */
export interface ShellProgram {
  /** The place that has it first, and the file or part of a file. */
  readonly where: string;
  readonly shell: 'sh' | 'bash';
  readonly text: string;
}

/**
 * Every shell program that is rendered, each different one once, and those of the CI files of a new project.
 *
 * @param synthesized the folder with the synthesized stacks
 */
export async function shellPrograms(synthesized: string): Promise<ShellProgram[]> {
  const all = [
    ...lintedStacks.flatMap((one) =>
      [...machineTree(one)].flatMap(([path, { content }]) =>
        inFile(`${one.stack} on ${one.distribution}: ${path}`, content),
      ),
    ),
    ...lintedForwarders.flatMap(({ name, forwarder }) =>
      [...renderForwarder(forwarder)].flatMap(([path, content]) => inFile(`${name}: ${path}`, content)),
    ),
    ...lintedUserData.flatMap(({ stack, distribution, cloudConfig }) =>
      cloudConfig.runcmd.flatMap(([program, option, text]) =>
        program === 'sh' && option === '-c' && text !== undefined
          ? [{ where: `${stack} on ${distribution}: user_data, runcmd`, shell: 'sh' as const, text }]
          : [],
      ),
    ),
    ...(await inProvisioners(synthesized)),
    // GitHub runs a step in bash; the shell of the others is their image's.
    ...ciFiles.flatMap(([path, text]) =>
      scriptsOf(text).map((script) => ({
        where: path,
        shell: path.startsWith('github/') ? ('bash' as const) : ('sh' as const),
        text: script,
      })),
    ),
  ];
  return [...new Map(all.toReversed().map((one) => [`${one.shell} ${one.text}`, one])).values()].toReversed();
}

/** A file that is a program; or what it has a shell run: a unit's `sh -c`, logrotate's scripts. */
function inFile(where: string, content: string): ShellProgram[] {
  if (/^#!\/bin\/sh$/m.exec(content)?.index === 0) return [{ where, shell: 'sh', text: content }];
  const commands = [...content.matchAll(/^Exec\w+=\S*\/(sh|bash) -c '([^']*)'$/gm)];
  const scripts = [...content.matchAll(/^ *(?:pre|post)rotate\n([^]*?)^ *endscript$/gm)];
  return [
    ...commands.map(
      ([, shell, text = '']) => ({ where, shell: shell === 'bash' ? 'bash' : 'sh', text }) as const,
    ),
    ...scripts.map(([, text = '']) => ({ where, shell: 'sh', text }) as const),
  ];
}

interface Synthesized {
  readonly resource: Readonly<
    Record<string, Readonly<Record<string, { readonly provisioner?: Provisioners }>>>
  >;
}
type Provisioners = readonly Readonly<Record<string, { readonly inline?: readonly string[] }>>[];

/** What terraform runs on the machine, as it sends it there: expressions have become values, and a line stands before. */
async function inProvisioners(synthesized: string): Promise<ShellProgram[]> {
  const stacks = await synthesizedStacks(synthesized);
  const found = await Promise.all(
    stacks.map(async (stack) => {
      const { resource } = JSON.parse(
        await readFile(join(synthesized, 'stacks', stack, 'cdk.tf.json'), 'utf8'),
      ) as Synthesized;
      return Object.values(resource)
        .flatMap((ofType) => Object.entries(ofType))
        .flatMap(([name, { provisioner = [] }]) =>
          provisioner
            .flatMap((one) => Object.values(one))
            .flatMap(({ inline }) => (inline === undefined ? [] : [inline.join('\n')]))
            .map((text) => ({
              where: `${stack}: ${name}`,
              shell: 'sh' as const,
              text: `#!/bin/sh\n${evaluated(text)}\n`,
            })),
        );
    }),
  );
  return found.flat();
}

/** A string of terraform with a value in the place of each expression. */
function evaluated(text: string): string {
  return text
    .replaceAll(/(?<!\$)\$\{[^}]*\}/g, 'value')
    .replaceAll('$${', '${')
    .replaceAll('%%{', '%{');
}
