import { clean } from './clean.ts';
import { sendRequest, isReply, type HttpFailure, type HttpOutcome, type HttpReply } from './http.ts';
import { htmlTitle, localHost, ollamaError, recognise } from './recognise.ts';
import type { Target } from './target.ts';
import { connectTcp } from './tcp.ts';
import { shakeHands, type Handshake } from './tls.ts';
import type { PortReport, Service } from './types.ts';

/**
 * The ports of the usual installations: Ollama's own, HTTP and HTTPS, Open WebUI (3000, and 8080 inside its container),
 * LiveReview (8081 its pages, 8888 its API).
 */
export const usualPorts = [11434, 3000, 8080, 8081, 8888] as const;

/** One port as the scan found it. */
export interface PortScan {
  readonly report: PortReport;
  /** The handshake without a client certificate, where one succeeded. */
  readonly handshake?: Handshake;
  /** What `GET /` said in clear. */
  readonly plain?: HttpOutcome;
  /** What `GET /` said over TLS. */
  readonly secure?: HttpOutcome;
}

/** The ports to try, each once, the gateway's first. */
export function portsOf(target: Target): number[] {
  const ports = [
    target.gatewayPort,
    ...(target.plainPort === null ? [] : [target.plainPort]),
    ...(target.onlyGateway ? [] : usualPorts),
  ];
  return [...new Set(ports)];
}

/** Value of the Host header for a port, as a client that was given the server name sends it. */
export function hostHeader(target: Target, port: number, tls: boolean): string {
  const name = target.serverName.includes(':') ? `[${target.serverName}]` : target.serverName;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}

/** Says in words what an HTTP answer is. */
export function describeReply(reply: HttpReply): string {
  const title = htmlTitle(reply.body);
  const location = reply.headers.location;
  const server = reply.headers['server'];
  const message = ollamaError(reply);
  return [
    `${reply.status}`,
    ...(location === undefined ? [] : [`to ${clean(location, 80)}`]),
    ...(message === undefined ? [] : [`"${clean(message, 40)}"`]),
    ...(title === undefined || message !== undefined ? [] : [`"${clean(title, 40)}"`]),
    ...(server === undefined ? [] : [`from ${clean(String(server), 40)}`]),
  ].join(' ');
}

/** Says in words why there is no HTTP answer. */
export function describeFailure(outcome: HttpFailure): string {
  switch (outcome.kind) {
    case 'timeout':
      return 'no answer in time';
    case 'refused':
      return 'connection refused';
    case 'tls':
      return `TLS: ${clean(outcome.detail, 80)}`;
    case 'not-http':
      return `not HTTP: "${clean(outcome.bytes?.toString('latin1') ?? outcome.detail, 60)}"`;
    case 'closed':
      return `connection closed (${clean(outcome.detail, 60)})`;
  }
}

/** Says in words what came back. */
export function describeOutcome(outcome: HttpOutcome): string {
  return isReply(outcome) ? describeReply(outcome) : describeFailure(outcome);
}

const serviceNames: Readonly<Partial<Record<Service, string>>> = {
  ollama: 'Ollama',
  'open-webui': 'Open WebUI',
  livereview: 'LiveReview',
};

/** Where a program shows itself that hides at `/`: behind a Host check, or as an API without pages. */
const furtherLooks = [
  { path: '/', host: localHost },
  { path: '/api/version', host: undefined },
  { path: '/api/config', host: undefined },
];

async function recogniseFurther(
  first: HttpReply,
  ask: (path: string, host: string | undefined) => Promise<HttpOutcome>,
): Promise<Service> {
  const service = recognise('/', first);
  if (service !== 'http' || first.status === 401) return service;
  const others = await Promise.all(
    furtherLooks.map(async ({ path, host }) => {
      const outcome = await ask(path, host);
      return isReply(outcome) ? recognise(path, outcome) : 'http';
    }),
  );
  return others.find((found) => found !== 'http') ?? 'http';
}

/** Opens a port, then asks in clear and over TLS at the same time what is there. */
export async function scanPort(target: Target, port: number, step: () => AbortSignal): Promise<PortScan> {
  const role =
    port === target.gatewayPort ? 'gateway' : port === target.plainPort ? 'plain' : ('other' as const);
  const { address, serverName } = target;
  const connection = await connectTcp(address, port, step());
  if (connection.state !== 'open') {
    const { state, reason: seen } = connection;
    return { report: { port, role, state, tls: false, service: 'none', seen } };
  }
  connection.socket.destroy();
  const ask = (tls: boolean, path = '/', host = hostHeader(target, port, tls)): Promise<HttpOutcome> =>
    sendRequest({
      address,
      port,
      tls,
      serverName,
      method: 'GET',
      path,
      hostHeader: host,
      signal: step(),
    });
  const [plain, secure, handshake] = await Promise.all([
    ask(false),
    ask(true),
    shakeHands({ address, port, serverName, ca: target.ca, signal: step() }),
  ]);
  const tls = handshake.kind === 'handshake';
  const answer = tls ? secure : plain;
  let service: Service;
  if (isReply(answer)) service = await recogniseFurther(answer, (path, host) => ask(tls, path, host));
  else if (tls) service = 'tls';
  else if (secure.kind === 'tls' && !isReply(plain) && plain.kind !== 'not-http') service = 'tls';
  else service = plain.kind === 'not-http' && plain.bytes !== undefined ? 'banner' : 'silent';
  const name = serviceNames[service];
  const seen = [
    ...(tls ? [handshake.protocol.replace('v', ' ')] : []),
    ...(name === undefined ? [] : [name]),
    isReply(answer) ? `HTTP ${describeReply(answer)}` : describeFailure(answer),
  ].join(', ');
  return {
    report: { port, role, state: 'open', tls, service, seen },
    ...(tls ? { handshake } : {}),
    plain,
    secure,
  };
}
