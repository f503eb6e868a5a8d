import { request as ask, type RequestOptions } from 'node:https';
import { TLSSocket, type ConnectionOptions } from 'node:tls';
import type { Presented } from './identities-clients.ts';

export interface Asked {
  readonly status: number;
  readonly requestId: string;
  readonly socket: TLSSocket;
  readonly session: Buffer | undefined;
}

/** One request, whose answer is read to its end. */
export function get(presented: Presented, options: RequestOptions & ConnectionOptions): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const { address, serverName, certificate, key, ca } = presented;
    const asked = ask({
      host: address,
      servername: serverName,
      path: '/ollama/api/version',
      headers: { Host: serverName },
      cert: certificate,
      key,
      ca,
      // Its TLS sends even what it finds too weak.
      ciphers: 'DEFAULT@SECLEVEL=0',
      ...options,
    });
    asked.on('error', (error) => reject(Object.assign(error, { wasKept: asked.reusedSocket })));
    asked.on('response', (response) => {
      const { socket } = response;
      if (!(socket instanceof TLSSocket)) throw new Error('a connection without TLS');
      // A server that lets sessions be resumed has sent a ticket by now: it comes before the answer.
      const session = socket.getSession();
      response.on('error', reject).on('end', () => {
        const requestId = String(response.headers['x-request-id']);
        resolve({ status: response.statusCode ?? 0, requestId, socket, session });
      });
      response.resume();
    });
    asked.end();
  });
}
