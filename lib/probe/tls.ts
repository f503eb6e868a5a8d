import type { X509Certificate } from 'node:crypto';
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import { failure, lenientTls, type HttpFailure } from './http.ts';
import type { Identity } from './target.ts';
import { maxReadBytes } from './tcp.ts';

/** What a completed TLS handshake showed. */
export interface Handshake {
  readonly kind: 'handshake';
  /** For example `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  readonly certificate: X509Certificate | undefined;
  /** The same certificate in the shape that `tls.checkServerIdentity` wants. */
  readonly peer: PeerCertificate;
  /** Whether the server sent a CertificateRequest. */
  readonly certificateRequested: boolean;
  /** OpenSSL's verdict on the chain, `undefined` when it holds. */
  readonly chainError: string | undefined;
}

/** Where to shake hands, and with what. */
export interface HandshakeOptions {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  readonly ca?: string | undefined;
  readonly identity?: Identity | undefined;
  readonly session?: Buffer | undefined;
  readonly signal: AbortSignal;
}

function open(options: HandshakeOptions): TLSSocket {
  const settings: ConnectionOptions = {
    host: options.address,
    port: options.port,
    ...lenientTls(options.serverName, options.identity),
    // The name has a check of its own; here it would hide OpenSSL's verdict on the chain.
    checkServerIdentity: () => undefined,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.session === undefined ? {} : { session: options.session }),
  };
  return connect(settings);
}

function describe(socket: TLSSocket): Handshake {
  const error: unknown = socket.authorizationError;
  const peer = socket.getPeerCertificate(false);
  return {
    kind: 'handshake',
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    certificate: socket.getPeerX509Certificate(),
    peer,
    // A CertificateRequest carries signature algorithms (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4); OpenSSL holds
    // those it shares with the server, and holds none when no request came. Measured with nginx on TLS 1.2 and 1.3.
    certificateRequested: socket.getSharedSigalgs().length > 0,
    chainError: socket.authorized ? undefined : error instanceof Error ? error.message : String(error),
  };
}

/** Shakes hands and hangs up. Never throws. */
export function shakeHands(options: HandshakeOptions): Promise<Handshake | HttpFailure> {
  return new Promise((resolve) => {
    const socket = open(options);
    const finish = (outcome: Handshake | HttpFailure): void => {
      options.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(outcome);
    };
    const onAbort = (): void => finish({ kind: 'timeout', detail: 'no answer in time' });
    socket.on('secureConnect', () => finish(describe(socket)));
    socket.on('error', (error: Error) => finish(failure(error)));
    socket.on('close', () => finish({ kind: 'closed', detail: 'closed during the handshake' }));
    if (options.signal.aborted) onAbort();
    else options.signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** What one request over one TLS connection showed of its session. */
export interface SessionAnswer {
  /** The last session that the server offered to resume, for the next connection. */
  readonly session: Buffer | undefined;
  readonly resumed: boolean;
  /** HTTP status, or 0 without one. */
  readonly status: number;
  readonly error: string | undefined;
}

/** Sends one raw HTTP request over TLS and watches for session tickets until the server closes. Never throws. */
export function requestWithSession(options: HandshakeOptions, request: string): Promise<SessionAnswer> {
  return new Promise((resolve) => {
    const socket = open(options);
    let text = '';
    let session: Buffer | undefined;
    let resumed = false;
    const finish = (error?: string): void => {
      options.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ session, resumed, status, error });
    };
    const onAbort = (): void => finish('no answer in time');
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.on('secureConnect', () => {
      resumed = socket.isSessionReused();
      socket.write(request);
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.length > maxReadBytes) finish();
    });
    socket.on('error', (error: Error) => finish(failure(error).detail));
    socket.on('close', () => finish());
    if (options.signal.aborted) onAbort();
    else options.signal.addEventListener('abort', onAbort, { once: true });
  });
}
