import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { repetitionTest } from '../../scripts/setup/foreground-command.mjs';
import { processStartTime } from '../../scripts/setup/lock.mjs';
import { nodeVersionProblem } from '../../scripts/setup/node-version.mjs';
import { projectCopy } from './project-copy.ts';

/** Stands in for the sandbox: it tells what reaches it, and ends 300 ms after the first signal. */
const SANDBOX = `
  console.log('arguments ' + JSON.stringify(process.argv.slice(2)));
  for (const word of process.argv) if (word.startsWith('--exit=')) process.exit(Number(word.slice(7)));
  if (process.argv.includes('--die')) process.kill(process.pid, 'SIGKILL');
  const got = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      console.log('heard ' + signal);
      if (got.push(signal) === 1) setTimeout(() => { console.log('got ' + got.join(' ')); process.exit(7); }, 300);
    });
  }
  setInterval(() => {}, 1000);
  if (!process.argv.includes('--help')) console.log('ready ' + process.pid);
  else process.exit(0);`;

const project = projectCopy(SANDBOX);
afterAll(() => rmSync(project.root, { recursive: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

const run = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/start.mjs', ...args], { cwd: project.root, encoding: 'utf8' });

/** Starts a command and collects its output; `until` waits for a text in it and returns what follows it on the line. */
function startCommand(program: string, args: string[]) {
  const child = spawn(program, args, { cwd: project.root, stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  let ended = false;
  const look = new Set<() => void>();
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
    for (const again of look) again();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const end = once(child, 'close').then(([code]) => {
    ended = true;
    for (const again of look) again();
    return code as number | null;
  });
  const until = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const again = () => {
        const found = new RegExp(`${text}([^\\r\\n]*)[\\r\\n]`).exec(output)?.[1];
        if (found !== undefined) resolve(found.trim());
        else if (ended) reject(new Error(`ended without '${text}': ${output}`));
      };
      look.add(again);
      again();
    });
  return { child, end, until, output: () => output };
}

/** Waits for a process that is not ours to reap. */
async function hasEnded(pid: number): Promise<void> {
  while (processStartTime(pid) !== undefined) await new Promise((done) => setTimeout(done, 10));
}

describe('npm start', () => {
  it('hands all arguments to the sandbox, as they are', () => {
    const { stdout } = run('--port', '8443', '--config', 'my file.ts', "it's", '--exit=0');
    const given = ['sandbox', '--port', '8443', '--config', 'my file.ts', "it's", '--exit=0'];
    expect(stdout).toBe(`arguments ${JSON.stringify(given)}\n`);
  });

  it.each([0, 1, 2, 77])('ends with the exit code %i of the sandbox', (code) => {
    expect(run(`--exit=${code}`).status).toBe(code);
  });

  it('ends with 128 + 9 when the sandbox was killed', () => {
    expect(run('--die').status).toBe(137);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    'passes %s on once and waits',
    async (signal) => {
      const { child, end, until, output } = startCommand(process.execPath, ['scripts/start.mjs']);
      await until('ready ');
      child.kill(signal);
      await until('heard ');
      child.kill(signal);
      expect(await end).toBe(7);
      expect(output()).toContain(`got ${signal}\n`);
    },
  );

  it('makes one signal of a Ctrl-C on the terminal, which npm repeats', async (test) => {
    const script = findProgram('script');
    if (process.platform !== 'linux' || script === undefined) {
      return test.skip('no script of util-linux to make a terminal with');
    }
    const { child, end, until } = startCommand(script, ['-qec', 'npm start --silent', '/dev/null']);
    const pid = Number(await until('ready '));
    child.stdin.write('\u0003');
    expect(await until('got ')).toBe('SIGINT');
    child.stdin.end();
    await end;
    await hasEnded(pid);
  });

  it('ends the sandbox also when it is itself killed without a chance to say so', async () => {
    const { child, end, until } = startCommand(process.execPath, ['scripts/start.mjs']);
    const pid = Number(await until('ready '));
    child.kill('SIGKILL');
    // The sandbox holds the other end of the output: the stream closes when it has ended.
    await end;
    expect(await until('got ')).toBe('SIGTERM');
    await hasEnded(pid);
  });

  it('refuses a Node that is too old', () => {
    project.write('package.json', JSON.stringify({ type: 'module', engines: { node: '>=99.1' } }));
    const { status, stderr } = run();
    expect(status).toBe(2);
    expect(stderr).toBe(
      `This needs Node.js 99.1 or newer; this is ${process.versions.node}.\n` +
        'Fix: install a newer one (https://nodejs.org/en/download, nvm or your distribution) and run the command again.\n',
    );
  });
});

describe('a signal is another one', () => {
  it.each<[string, [NodeJS.Signals, number][], boolean[]]>([
    [
      'unless it follows at once',
      [
        ['SIGINT', 0],
        ['SIGINT', 3],
        ['SIGINT', 999],
      ],
      [true, false, false],
    ],
    [
      'when a person could have sent it',
      [
        ['SIGINT', 0],
        ['SIGINT', 3],
        ['SIGINT', 1000],
      ],
      [true, false, true],
    ],
    [
      'when it is of another kind',
      [
        ['SIGINT', 0],
        ['SIGTERM', 1],
      ],
      [true, true],
    ],
    [
      'when the window changes its size',
      [
        ['SIGWINCH', 0],
        ['SIGWINCH', 1],
      ],
      [true, true],
    ],
  ])('%s', (_name, signals, another) => {
    const isRepeated = repetitionTest();
    expect(signals.map(([signal, atMs]) => !isRepeated(signal, atMs))).toEqual(another);
  });
});

describe('a version of Node', () => {
  it.each([
    ['20.0.0', '>=20', true],
    ['20.19.4', '>=20.19', true],
    ['22.1.0', '>=20.19', true],
    ['100.0.0', '>=20', true],
    ['20.9.0', '>=20.19', false],
    ['18.20.1', '>=20', false],
    ['9.11.2', '>=20', false],
  ])('%s is in %s: %s', (version, range, good) => {
    expect(nodeVersionProblem(version, range) === undefined).toBe(good);
  });
});
