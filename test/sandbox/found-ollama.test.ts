import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { within } from '../gateway/support/waiting.ts';
import { readDescription } from '../support/sandbox-process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { configurationOf } from './support/sandbox-runs.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** A network of its own, where nothing but the test's own program can be on Ollama's port. */
const inNetwork = ['--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const attempt = spawnSync('unshare', [...inNetwork, 'true'], { encoding: 'utf8' });
const cannot = attempt.status === 0 ? undefined : `no network namespace can be made here: ${attempt.stderr}`;
if (cannot !== undefined) console.warn(`skipped: ${cannot}`);

describe.skipIf(cannot !== undefined)('without --upstream, a sandbox beside', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(() => folder.remove());

  /** Runs a sandbox until it follows the configuration, and ends it. */
  async function runBeside(what: 'ollama' | 'another program') {
    const config = join(folder.path, 'hardening.config.ts');
    const state = join(folder.path, 'state');
    await writeFile(config, configurationOf('ci: {}'));
    const command = [process.execPath, '--import', 'tsx', path('support/beside-ollama-program.ts'), what];
    const parameters = [path('../../bin/hardening.js'), '--config', config, '--state-dir', state];
    const child = spawn('unshare', [...inNetwork, ...command, ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    const ended = once(child, 'close');
    let output = '';
    const watching = new Promise<void>((settle) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Ctrl-C ends the sandbox')) settle();
      });
    });
    const description = await Promise.race([
      readDescription(state),
      ended.then(() => {
        throw new Error(`the sandbox ended:\n${output}`);
      }),
    ]);
    try {
      await Promise.race([watching, ended]);
    } finally {
      process.kill(description.pids.sandbox, 'SIGTERM');
      await within(ended, 'the sandbox to end');
    }
    const calls = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, number>;
    return { code: child.exitCode, output, calls, upstream: description.upstream };
  }

  it('an Ollama passes requests on to it', async () => {
    const { code, output, calls, upstream } = await runBeside('ollama');
    expect(upstream).toEqual({ url: 'http://127.0.0.1:11434', kind: 'ollama' });
    expect(output).toContain('http://127.0.0.1:11434 (the Ollama on this machine)');
    expect(output).toContain('It holds');
    // What the probe may read went through the gateway to it.
    expect(calls['GET /api/version']).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('another program on the same port starts a stand-in', async () => {
    const { code, output, calls, upstream } = await runBeside('another program');
    expect(upstream.kind).toBe('stand-in');
    expect(upstream.url).not.toBe('http://127.0.0.1:11434');
    expect(output).toContain('It holds');
    expect(calls).toEqual({ 'GET /': 1 });
    expect(code).toBe(0);
  });
});
