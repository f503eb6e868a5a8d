import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { untilHolds, within } from '../gateway/support/waiting.ts';
import { allGone, readDescription } from '../support/sandbox-process.ts';
import { sandboxRuns, type SandboxRuns } from './support/sandbox-runs.ts';

describe('a sandbox can always be ended', () => {
  let runs: SandboxRuns;
  beforeAll(async () => (runs = await sandboxRuns()));
  afterEach(() => runs.endAll());
  afterAll(() => runs.remove());

  /** A server that takes connections and never answers. */
  async function silentServer(): Promise<{ server: Server; sockets: Set<Socket>; url: string }> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      server,
      sockets,
      url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    };
  }

  const procNote = process.platform === 'linux' ? undefined : 'there is no /proc here';
  if (procNote !== undefined) console.warn(`skipped: ${procNote}`);
  it.skipIf(procNote !== undefined)('refuses a state folder that the system cannot make', async () => {
    const { command } = await runs.start('--once', '--state-dir', '/proc/hardening-sandbox/state');
    expect(await within(command.ended, 'the sandbox to end')).toBe(2);
    expect(command.output()).toMatch(/error: [^]*cannot be used for the sandbox's files: ENOENT/);
  });

  it('stops nginx where sandbox.json cannot be written', async () => {
    const blocked = join(runs.folder, 'blocked');
    await mkdir(join(blocked, 'sandbox.json.partial'), { recursive: true });
    const { command } = await runs.start('--once', '--state-dir', blocked);
    expect(await within(command.ended, 'the sandbox to end')).toBe(2);
    expect(command.output()).toMatch(/error: [^]*blocked cannot be used for the sandbox's files: EISDIR/);
    expect(await readdir(blocked)).not.toContain('sandbox.lock');
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'command=']);
    expect(stdout).not.toContain(`${blocked}/tree`);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s while a saved configuration never ends', async (signal) => {
    const { command, description } = await runs.ready();
    await writeFile(
      runs.config,
      `process.stdout.write('it is being read\\n'); setInterval(() => {}, 1000);
       await new Promise(() => {}); export default {};`,
    );
    await command.said(/it is being read/);
    command.child.kill(signal);
    expect(await within(command.ended, 'the sandbox to end')).toBe(0);
    await allGone([description.pids.nginx]);
  });

  it('by SIGINT while the upstream says nothing, without a report', async () => {
    const { server, sockets, url } = await silentServer();
    try {
      const { command, state } = await runs.start('--upstream', url);
      const { pids } = await readDescription(state);
      await untilHolds(() => sockets.size > 0, 'a request to arrive');
      command.child.kill('SIGINT');
      expect(await within(command.ended, 'the sandbox to end')).toBe(130);
      expect(command.output()).not.toMatch(/Watching|passed/);
      await allGone([pids.nginx]);
      expect(await readdir(state)).not.toContain('sandbox.json');
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it('at once by a second signal, with exit code 130; nginx and sandbox.json go all the same', async () => {
    const { command, state, description } = await runs.ready();
    // nginx waits for a stopped worker, and the sandbox for nginx.
    const { nginx } = description.pids;
    process.kill(nginx, 'SIGSTOP');
    command.child.kill('SIGINT');
    await sleep(700);
    expect(command.child.exitCode).toBe(null);
    command.child.kill('SIGINT');
    expect(await within(command.ended, 'the sandbox to end')).toBe(130);
    await allGone([nginx]);
    expect(await stat(join(state, 'sandbox.json')).catch(() => 'gone')).toBe('gone');
  });

  it('does not pass one Ctrl-C that arrives twice for two', async () => {
    const { command, description } = await runs.ready();
    command.child.kill('SIGINT');
    command.child.kill('SIGINT');
    expect(await within(command.ended, 'the sandbox to end')).toBe(0);
    await allGone([description.pids.nginx]);
  });

  it('by SIGKILL, and sandbox.json is gone then', async () => {
    const { command, state, description } = await runs.ready();
    command.child.kill('SIGKILL');
    await command.ended;
    await allGone([description.pids.nginx]);
    expect(await readdir(state)).not.toContain('sandbox.json');
  });

  it("does not let an ended sandbox's sandbox.json pass for its own while it starts", async () => {
    const state = join(runs.folder, 'stale');
    await mkdir(state);
    await writeFile(join(state, 'sandbox.json'), '{"version":"stale"}\n');
    const { server, sockets, url } = await silentServer();
    try {
      await runs.start('--upstream', url, '--state-dir', state);
      let seen = '';
      await untilHolds(async () => {
        seen = await readFile(join(state, 'sandbox.json'), 'utf8').catch(() => '');
        return !seen.includes('stale');
      }, 'the stale file to go');
      const own = await readFile(join(state, 'sandbox.lock'), 'utf8');
      expect(Number(own)).toBeGreaterThan(0);
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
});
