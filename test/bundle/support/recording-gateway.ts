import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { TLSSocket, type SecureContextOptions } from 'node:tls';
import { pkiPaths } from '../../../lib/pki/files.ts';
import { freePort } from '../../support/free-port.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { prepareStack } from './gateway.ts';

/** A request as the gateway's place got it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** In order, names in their original case. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Of the client's certificate. */
  readonly commonName: string;
  readonly tlsVersion: string | null;
  readonly isResumed: boolean;
  readonly serverName: string | false;
  /** Numbers the connection. */
  readonly connection: number;
}

/** A server in the gateway's place that keeps what it is sent. It speaks TLS as it is told, also badly. */
export interface RecordingGateway {
  readonly configFile: string;
  readonly pkiDirectory: string;
  readonly requests: SeenRequest[];
  /** Connections that sent something but could not be made, or no request. */
  readonly failures: number;
  /** Answers from here on; by default 200 and `{}`. */
  answer: (request: SeenRequest, response: ServerResponse) => void;
  /** Presents another certificate, or another TLS. */
  become(context: SecureContextOptions): void;
  stop(): Promise<void>;
}

/** Starts it with the server certificate that a gateway would have, and a configuration and a PKI for bundles. */
export async function startRecordingGateway(): Promise<RecordingGateway> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const configFile = join(folder.path, 'hardening.config.ts');
  const pki = pkiPaths(join(folder.path, 'pki'));
  await prepareStack({ configFile, pkiDirectory: pki.root }, port, { ci: {} });
  const [cert, key, ca] = await Promise.all(
    [pki.server.certificate, pki.server.key, pki.ca.certificate].map((path) => readFile(path)),
  );
  if (cert === undefined || key === undefined || ca === undefined) throw new Error('three files');
  const good: SecureContextOptions = { cert, key, ca };
  const requests: SeenRequest[] = [];
  let failures = 0;
  let connections = 0;
  const numbers = new WeakMap<object, number>();
  // Sessions are offered: it is the forwarder that does not come back with one.
  const server = createServer({ ...good, requestCert: true, rejectUnauthorized: true });
  server.on('secureConnection', (socket) => numbers.set(socket, (connections += 1)));
  server.on('tlsClientError', () => (failures += 1));
  server.on('clientError', (_error, socket) => {
    failures += 1;
    socket.destroy();
  });
  const gateway: RecordingGateway = {
    configFile,
    pkiDirectory: pki.root,
    requests,
    get failures() {
      return failures;
    },
    answer: (_request, response) => response.end('{}'),
    become: (context) => server.setSecureContext({ ...good, ...context }),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await folder.remove();
    },
  };
  server.on('request', (request, response) => {
    void record(request, numbers).then((seen) => {
      requests.push(seen);
      gateway.answer(seen, response);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return gateway;
}

async function record(request: IncomingMessage, numbers: WeakMap<object, number>): Promise<SeenRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const socket: unknown = request.socket;
  if (!(socket instanceof TLSSocket)) throw new Error('the connection is not one of TLS');
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: request.rawHeaders,
    body: Buffer.concat(pieces).toString(),
    commonName: String(socket.getPeerCertificate().subject.CN),
    tlsVersion: socket.getProtocol(),
    isResumed: socket.isSessionReused(),
    serverName: (socket as TLSSocket & { servername: string | false }).servername,
    connection: numbers.get(socket) ?? 0,
  };
}
