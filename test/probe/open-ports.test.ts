import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { probe } from '../../lib/probe/index.ts';
import type { ProbeOptions, ProbeReport } from '../../lib/probe/types.ts';
import { freePort } from '../support/free-port.ts';
import { fakeOllamaListener } from './support/fake-ollama.ts';
import { ground, type Ground } from './support/gateway.ts';

// The probe tries fixed ports, which may be taken on 127.0.0.1: this process has an address of its own. Linux answers on
// all of 127.0.0.0/8.
const address = `127.77.${(process.pid >> 8) % 256}.${process.pid % 256}`;

let on: Ground;
const servers: Server[] = [];
beforeAll(async () => (on = await ground()));
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
    server.close();
    await once(server, 'close');
  }
});
afterAll(() => on.clear());

async function serve(port: number, listener: RequestListener, tls = false): Promise<number> {
  const server = tls
    ? createHttpsServer({ cert: readFileSync(on.server.cert), key: readFileSync(on.server.key) }, listener)
    : createHttpServer(listener);
  servers.push(server);
  server.on('tlsClientError', () => undefined);
  server.listen(port, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function look(options: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  return probe({
    host: address,
    serverName: 'gateway.test',
    gatewayPort: await freePort(address),
    plainPort: await freePort(address),
    ...options,
  });
}

const found = (report: ProbeReport): string[] =>
  report.findings.map((one) => `${one.severity} ${one.id} ${one.port ?? ''}`.trim());
const state = (report: ProbeReport, port: number): string => {
  const entry = report.ports.find((one) => one.port === port);
  return `${entry?.state} ${entry?.service}`;
};
const page =
  (body: string, type = 'text/html', status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body);
  };

describe('a machine without a gateway', () => {
  test('nothing listens: every port is closed, and the gateway could not be judged', async () => {
    const report = await look();
    expect(report.ports.map((port) => port.state)).toEqual(Array(7).fill('closed'));
    expect(found(report)).toEqual([]);
    expect(report.verdict).toBe('unknown');
    expect(report.checks.find((check) => check.id === 'open-ollama')?.outcome).toBe('pass');
    expect(report.checks.find((check) => check.id === 'no-certificate')?.outcome).toBe('unknown');
  });

  test('an open Ollama on its own port', async () => {
    await serve(11434, fakeOllamaListener({ checksHost: false }));
    const report = await look();
    expect(found(report)).toEqual(['critical open-ollama 11434']);
    expect(report.findings[0]?.seen).toContain('1 model');
    expect(state(report, 11434)).toBe('open ollama');
    expect(report.verdict).toBe('findings');
  });

  test('an Ollama that refuses foreign Hosts serves whoever says localhost', async () => {
    await serve(11434, fakeOllamaListener({ checksHost: true }));
    const report = await probe({
      host: address,
      serverName: 'gateway.test',
      gatewayPort: await freePort(address),
      plainPort: await freePort(address),
    });
    expect(found(report)).toEqual(['critical open-ollama 11434']);
    expect(report.findings[0]?.seen).toContain('"Host: localhost:11434"');
    expect(state(report, 11434)).toBe('open ollama');
  });

  test.each([8080, 8888])('an open Ollama on port %i', async (port) => {
    await serve(port, fakeOllamaListener({ checksHost: false }));
    expect(found(await look())).toEqual([`critical open-ollama ${port}`]);
  });

  test('an open Ollama under /ollama/ alone', async () => {
    const inner = fakeOllamaListener({ checksHost: false });
    await serve(3000, (request, response) => {
      if (request.url?.startsWith('/ollama/') !== true) page('<title>Proxy</title>')(request, response);
      else inner(Object.assign(request, { url: request.url.slice('/ollama'.length) }), response);
    });
    expect(found(await look())).toEqual(['critical open-ollama 3000']);
  });

  test('an open Ollama over TLS', async () => {
    await serve(8080, fakeOllamaListener({ checksHost: false }), true);
    const report = await look();
    expect(found(report)).toEqual(['critical open-ollama 8080']);
    expect(report.findings[0]?.seen).toContain('over TLS');
  });

  test('port 11434 that answers something else is a finding too', async () => {
    await serve(11434, page('{"error":"unauthorized"}', 'application/json', 401));
    expect(found(await look())).toEqual(['high ollama-port-reachable 11434']);
  });

  test.each([
    [
      'Open WebUI',
      3000,
      page('<title>Open WebUI</title>'),
      'high open-webui-reachable 3000',
      'open open-webui',
    ],
    [
      'LiveReview',
      8081,
      page('<title>LiveReview</title>'),
      'medium livereview-reachable 8081',
      'open livereview',
    ],
    [
      'a page that says 200 to everything',
      8080,
      page('<title>Shop</title>'),
      'low unexpected-port 8080',
      'open http',
    ],
    [
      'a program that tells a version to everything',
      8080,
      page('{"version":"1.0"}', 'application/json'),
      'low unexpected-port 8080',
      'open http',
    ],
  ] as const)('%s on %i', async (_what, port, listener, expected, service) => {
    await serve(port, listener);
    const report = await look();
    expect(found(report)).toEqual([expected]);
    expect(state(report, port)).toBe(service);
  });

  test('LiveReview by its API, which has no page', async () => {
    await serve(8888, (request, response) => {
      const isVersion = request.url === '/api/version';
      response.writeHead(isVersion ? 200 : 404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(isVersion ? { version: '1.0', gitCommit: 'abc' } : { message: 'Not Found' }),
      );
    });
    expect(found(await look())).toEqual(['medium livereview-reachable 8888']);
  });

  test('with --only-gateway the other ports are not tried', async () => {
    let requests = 0;
    await serve(11434, (_request, response) => {
      requests += 1;
      response.end('Ollama is running');
    });
    const report = await look({ onlyGateway: true });
    expect(requests).toBe(0);
    expect(report.ports).toHaveLength(2);
  });

  test('a gateway that is said to have no plain port', async () => {
    const report = await look({ onlyGateway: true, plainPort: null });
    expect(report.ports).toHaveLength(1);
    expect(report.checks.find((check) => check.id === 'plain-port')?.outcome).toBe('skipped');
  });
});
