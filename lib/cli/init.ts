import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import * as readline from 'node:readline/promises';
import { Command, Option } from 'commander';
import { answerOf, ciKinds, complete, targetKinds, type Given, type Question } from '../init/answers.ts';
import { kitPackage, prepareProject } from '../init/project-files.ts';
import { compareProject, writeProject, type Outcome } from '../init/write-project.ts';
import { initText } from '../messages/init.ts';
import { paint, terminal } from '../messages/terminal.ts';
import { ExitCode } from '../messages/user-error.ts';

interface InitOptions extends Given {
  readonly yes: boolean;
  readonly kit: string;
  readonly json?: true;
}

const more = `
Answers that are not given are asked for. Without a terminal every one must be there, or have a default and --yes.
A file that is there is never replaced without asking; .gitignore and .prettierignore get the lines that they lack.
Everything is written, or nothing.

Exit codes: 0 done, 1 a file that differs was left as it is, 2 bad input or not possible; nothing was written then.`;

/** `hardening init`: a new project from nothing, or in a repository that exists. */
export function initCommand(): Command {
  return new Command('init')
    .argument('[dir]', "the project's folder", '.')
    .summary('make a new project: configuration, CI, .gitignore and a first rendered tree')
    .description('Makes a new project, in an empty folder or in a repository that exists.')
    .option('--yes', 'take the defaults without asking, and leave alone what is there', false)
    .option('--stack <name>', "the stack's name (default: production)")
    .option('--server-name <name>', 'a host name of the gateway; may be repeated', collect)
    .option('--service <name>', 'a service that calls it; may be repeated (default: ci)', collect)
    .addOption(
      new Option('--target <kind>', 'what it is deployed to (default: none)').choices([...targetKinds]),
    )
    .option('--address <address>', "target host: the machine's address")
    .option('--host-key <key>', "target host: the machine's SSH host key")
    .option('--region <slug>', 'target digitalocean: the region')
    .option('--size <slug>', 'target digitalocean: the size')
    .option('--admin-key <name=key>', "an administrator's public SSH key; may be repeated", collect)
    .option('--ssh-source <network>', 'a network that SSH is reached from; may be repeated', collect)
    .option('--client-source <network>', 'a network of clients; may be repeated', collect)
    .addOption(
      new Option('--ci <kind>', 'whose CI checks a pull request (default: none)').choices([...ciKinds]),
    )
    .option(
      '--kit <version>',
      'the kit in package.json: a version, or the path of a tarball',
      kitPackage().version,
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', more)
    .action(init);
}

async function init(dir: string, options: InitOptions): Promise<void> {
  const folder = resolve(dir);
  const { yes, kit, json, ...given } = options;
  await onTerminal(async (ask) => {
    const answers = await complete(given, ask === undefined ? undefined : asking(ask), yes);
    if (answers.ci !== 'none') requireTop(folder);
    const project = prepareProject(folder, answers, kit);
    const outcomes = compareProject(folder, project.files);
    for (const entry of yes || ask === undefined ? [] : outcomes) {
      if (entry[1] !== 'left') continue;
      const answer = await ask?.(initText.replace(entry[0].path));
      if (/^y(?:es)?$/i.test(answer?.trim() ?? '')) entry[1] = 'replaced';
    }
    writeProject(folder, outcomes);

    const by = (wanted: Outcome): string[] =>
      outcomes.filter(([, outcome]) => outcome === wanted).map(([{ path }]) => path);
    if (json === true) {
      const files = { written: by('written'), replaced: by('replaced'), extended: by('extended') };
      const kept = { same: by('same'), left: by('left') };
      const { addToPackage, isRendered } = project;
      process.stdout.write(
        `${JSON.stringify({ ...files, ...kept, addToPackage, isRendered }, undefined, 2)}\n`,
      );
    } else {
      const out = terminal(process.stdout);
      const lines = outcomes
        .filter(([{ path }]) => !path.startsWith('rendered/') || path.endsWith('/MANIFEST'))
        .map(([{ path }, outcome]) => `${paint(out, 'bold', shown(path))} ${initText.done[outcome]}`);
      if (!project.isRendered) lines.push(initText.notRendered);
      if (project.addToPackage.length > 0) lines.push(...initText.addToPackage(project.addToPackage));
      lines.push(...initText.next(relative('.', folder) || '.', answers.ci));
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    process.exitCode = by('left').length > 0 ? ExitCode.attention : ExitCode.ok;
  });
}

/** A rendered tree is one line: its folder. */
function shown(path: string): string {
  return path.startsWith('rendered/') ? dirname(path) + '/' : path;
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** Runs a task with a way to ask, where there is a terminal to ask on. */
async function onTerminal(
  task: (ask: ((text: string) => Promise<string>) | undefined) => Promise<void>,
): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return task(undefined);
  const lines = readline.createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  lines.once('close', () => ended.abort());
  try {
    await task(async (text) => {
      try {
        return await lines.question(text, { signal: ended.signal });
      } catch (error) {
        throw ended.signal.aborted ? initText.ended() : error;
      }
    });
  } finally {
    lines.close();
  }
}

/** Asks a question until the answer can be one. */
function asking(ask: (text: string) => Promise<string>): (question: Question) => Promise<string> {
  return async (question) => {
    for (;;) {
      const text = (await ask(initText.ask(question.text, question.byDefault))).trim();
      const answer = text === '' ? (question.byDefault ?? '') : text;
      const isAnswer = question.choices?.includes(answer) ?? answerOf(question, answer).length > 0;
      if (isAnswer) return answer;
      process.stderr.write(
        `${question.choices === undefined ? initText.needed : initText.oneOf(question.choices)}\n`,
      );
    }
  };
}

/** Code hosts read CI files at the top of a repository alone. */
function requireTop(folder: string): void {
  for (let above = folder; ; above = dirname(above)) {
    if (existsSync(join(above, '.git'))) {
      if (above !== folder) throw initText.notRoot(folder, above);
      return;
    }
    if (above === dirname(above)) return;
  }
}
