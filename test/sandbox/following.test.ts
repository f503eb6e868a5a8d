import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readDescription, type CommandProcess } from '../support/sandbox-process.ts';
import { configurationOf, sandboxRuns, type SandboxRuns } from './support/sandbox-runs.ts';

describe('a sandbox follows what is saved', () => {
  let runs: SandboxRuns;
  beforeAll(async () => (runs = await sandboxRuns()));
  afterEach(() => runs.endAll());
  afterAll(() => runs.remove());

  /** Saves a configuration and returns what the sandbox said of it. */
  async function save(command: CommandProcess, source: string): Promise<string> {
    const from = command.output().length;
    await writeFile(runs.config, source);
    await command.said(/in force|without a change|not applied/, from);
    return command.output().slice(from);
  }

  /** The serial number of the certificate that nginx serves. */
  async function servedSerial(port: number): Promise<string> {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  async function accepts(port: number): Promise<boolean> {
    const socket = connect({ host: '127.0.0.1', port });
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    return open;
  }

  it('serves a server certificate that was issued anew, and says so', async () => {
    const { command, description } = await runs.ready();
    const before = await servedSerial(description.gateway.port);
    const said = await save(command, configurationOf('ci: {}', 'pki: { serverCertificateLifetimeDays: 7 },'));
    expect(said).toContain('certificate server.crt: issued anew');
    expect(said).not.toContain('ci-1.crt');
    expect(await servedSerial(description.gateway.port)).not.toBe(before);
    const unchanged = `${configurationOf('ci: {}', 'pki: { serverCertificateLifetimeDays: 7 },')}\n// a remark\n`;
    expect(await save(command, unchanged)).toContain('saved without a change');
  });

  it("says that a client's certificate was issued anew", async () => {
    const { command } = await runs.ready();
    const said = await save(command, configurationOf('ci: { certificateLifetimeDays: 7 }'));
    expect(said).toContain('certificate ci-1.crt: issued anew');
  });

  it('closes the plain port and opens it again', async () => {
    const { command, description, state } = await runs.ready();
    const port = description.plain?.port ?? 0;
    expect(await accepts(port)).toBe(true);
    const closed = configurationOf('ci: {}').replace(
      "serverNames: ['gateway.test']",
      "serverNames: ['gateway.test'], plainListenPort: false",
    );
    expect(await save(command, closed)).toContain('in force');
    expect(await accepts(port)).toBe(false);
    expect((await readDescription(state)).plain).toBe(null);
    expect(await save(command, configurationOf('ci: {}'))).toContain('in force');
    expect(await accepts(port)).toBe(true);
    expect((await readDescription(state)).plain).toEqual({ address: '127.0.0.1', port });
  });
});
