import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { probe, renderReport, reportSchema, type ProbeReport } from '../../lib/probe/index.ts';
import type { ProbeOptions } from '../../lib/probe/types.ts';
import { freePort } from '../support/free-port.ts';
import { asClient, ground, type Ground } from './support/gateway.ts';

let on: Ground;
const servers: Server[] = [];
const sockets = new Set<Socket>();
beforeAll(async () => (on = await ground()));
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});
afterAll(() => on.clear());

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A plain TCP server that does this with each connection. */
const tcp = (handle: (socket: Socket) => void): Promise<number> => listen(createServer(handle));

const certificate = (): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(on.server.cert),
  key: readFileSync(on.server.key),
});

async function look(gatewayPort: number, options: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  const plainPort = await freePort();
  const report = await probe({
    host: '127.0.0.1',
    gatewayPort,
    plainPort,
    onlyGateway: true,
    timeoutMs: 500,
    ...options,
  });
  expect(reportSchema.parse(report)).toEqual(report);
  return report;
}

const service = (report: ProbeReport, port: number): string | undefined =>
  report.ports.find((one) => one.port === port)?.service;

function* forever(text: string): Generator<string> {
  for (;;) yield text;
}

/** Writes without end, as long as the other side takes it. */
function pour(socket: Socket, text: string): void {
  for (const piece of forever(text)) {
    if (socket.destroyed || !socket.write(piece)) break;
  }
  socket.once('drain', () => pour(socket, text));
}

describe('a server that means no good', () => {
  test.each<readonly [string, (socket: Socket) => void, string]>([
    ['says nothing', () => undefined, 'silent'],
    ['closes at once', (socket) => socket.destroy(), 'silent'],
    ['sends an SSH banner', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), 'banner'],
    ['sends noise', (socket) => socket.write(Buffer.from([0, 255, 27, 91, 50, 74, 7])), 'banner'],
    ['pours without end', (socket) => pour(socket, '\u001b[2J'.repeat(4096)), 'banner'],
    [
      'pours headers without end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        pour(socket, `x: ${'y'.repeat(1000)}\r\n`);
      },
      'banner',
    ],
    [
      'answers each question with the wrong protocol',
      (socket) => {
        socket.on('data', () => socket.write(Buffer.from('16030300040b000000', 'hex')));
      },
      'banner',
    ],
  ])('that %s is told apart, and could not be judged', async (_what, handle, expected) => {
    const port = await tcp(handle);
    const report = await look(port);
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe('unknown');
    expect(service(report, port)).toBe(expected);
    expect(report.checks.filter((check) => check.outcome === 'pass').map((check) => check.id)).not.toContain(
      'no-certificate',
    );
  });

  test('a body without end is cut off', async () => {
    const port = await listen(
      createHttpsServer(certificate(), (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        pour(response as unknown as Socket, 'z'.repeat(8192));
      }),
    );
    const report = await look(port);
    expect(report.findings.map((one) => one.id)).toContain('answers-without-certificate');
  });

  test('escape codes and forged lines are never printed', async () => {
    const evil = '\u009b31m\u202e';
    const port = await listen(
      createTlsServer(certificate(), (socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('data', () =>
          socket.end(
            `HTTP/1.1 401 No\r\nServer: ${Buffer.from(`evil/1.2.3${evil}`).toString('latin1')}\r\n` +
              `Content-Type: text/html\r\n\r\n<title>\u001b]0;owned\u0007${evil}</title>`,
          ),
        );
      }),
    );
    const report = await look(port);
    expect(report.findings.map((one) => one.id)).toContain('software-version-shown');
    const printed = renderReport(report, { stream: process.stdout, colour: false, interactive: false });
    expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.stringify(report)).not.toMatch(/[\p{Cf}]|\\u00[01]/u);
  });

  test('redirects are not followed', async () => {
    let visits = 0;
    const trap = await tcp(() => (visits += 1));
    const port = await listen(
      createHttpsServer(certificate(), (_request, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${trap}/` }).end();
      }),
    );
    await look(port);
    expect(visits).toBe(0);
  });

  // The step's time-out is longer than a test may take: only the deadline of the whole probe can end it.
  test('a tarpit is left at the deadline, with what is known by then', async () => {
    const port = await listen(createHttpsServer(certificate(), () => undefined));
    const report = await look(port, {
      ...asClient(on),
      model: 'tiny',
      timeoutMs: 600_000,
      deadlineMs: 1_500,
    });
    expect(report.verdict).not.toBe('holds');
    const untold = report.checks.filter((check) => check.outcome === 'unknown').map((check) => check.id);
    expect(untold).toEqual(expect.arrayContaining(['no-certificate', 'stream', 'rate-limit']));
  });

  test('a tarpit that never shakes hands is left at the deadline too', async () => {
    const port = await tcp(() => undefined);
    const report = await look(port, { timeoutMs: 600_000, deadlineMs: 1_000 });
    expect(report.verdict).toBe('unknown');
  });
});
