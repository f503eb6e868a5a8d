import { createServer } from 'node:tls';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  clientHello,
  groups,
  tlsVersions,
  type GroupName,
  type TlsVersion,
} from '../../lib/probe/client-hello.ts';
import { parseServerAnswer, type ServerAnswer } from '../../lib/probe/server-answer.ts';
import { connectTcp, exchange } from '../../lib/probe/tcp.ts';
import { ground, type Ground } from './support/gateway.ts';
import { nginxOpenssl, startNginx, type Nginx } from './support/nginx.ts';
import { freePort } from '../support/free-port.ts';
import { join } from 'node:path';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

// A HelloRetryRequest of OpenSSL 3.5 (node 24) to a ClientHello that offers X25519MLKEM768 alone, recorded on loopback.
const recordedRetry = hex(`
  1603030058020000540303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e07
  9e09e2c8a8339c2033b7223eb0edeb1e2c5d197703cf8fcf9f84fd7ca6e97874cdc926eb
  10a2fdd9130200000c002b000203040033000211ec
`);

describe('reading a server', () => {
  test('a recorded HelloRetryRequest names X25519MLKEM768', () => {
    expect(parseServerAnswer(recordedRetry)).toEqual({
      kind: 'hello',
      retry: true,
      version: 'TLS 1.3',
      group: 'X25519MLKEM768',
    });
  });

  test('what is cut short is incomplete, at every length', () => {
    for (let length = 0; length < recordedRetry.length - 6; length += 1) {
      expect(parseServerAnswer(recordedRetry.subarray(0, length)).kind, `${length} bytes`).toBe('incomplete');
    }
  });

  test('a message in many records is put together', () => {
    const message = recordedRetry.subarray(5, 5 + recordedRetry.readUInt16BE(3));
    const records = [...message].map((byte) => Buffer.from([22, 3, 3, 0, 1, byte]));
    expect(parseServerAnswer(Buffer.concat(records))).toEqual(parseServerAnswer(recordedRetry));
  });

  test.each([
    ['an alert', hex('15 0303 0002 02 28'), { kind: 'alert', description: 40 }],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), { kind: 'not-tls' }],
    ['an SSH banner', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), { kind: 'not-tls' }],
    ['a handshake message that is no ServerHello', hex('16 0303 0004 0b000000'), { kind: 'not-tls' }],
    ['a ServerHello too short to be one', hex('16 0303 0006 02000002 0303'), { kind: 'not-tls' }],
    ['nothing', Buffer.alloc(0), { kind: 'incomplete' }],
  ])('%s', (_what, bytes, expected) => {
    expect(parseServerAnswer(bytes)).toEqual(expected);
  });

  test('hostile bytes never throw', () => {
    const kinds = ['hello', 'alert', 'not-tls', 'incomplete'];
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const spoiled = fc
      .tuple(fc.nat(recordedRetry.length - 1), fc.nat(255), fc.nat(recordedRetry.length))
      .map(([index, value, length]) => {
        const copy = Buffer.from(recordedRetry);
        copy[index] = value;
        return copy.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(noise, spoiled), (bytes) => {
        expect(kinds).toContain(parseServerAnswer(bytes).kind);
      }),
      { numRuns: 2000 },
    );
  });
});

async function say(port: number, hello: Buffer): Promise<ServerAnswer> {
  const signal = AbortSignal.timeout(5000);
  const connection = await connectTcp('127.0.0.1', port, signal);
  if (connection.state !== 'open') throw new Error(connection.reason);
  const enough = (bytes: Buffer): boolean => parseServerAnswer(bytes).kind !== 'incomplete';
  return parseServerAnswer((await exchange(connection.socket, hello, enough, signal)).bytes);
}

describe('asking real servers', () => {
  let on: Ground;
  let nginx: Nginx;
  let port: number;
  beforeAll(async () => {
    on = await ground();
    port = await freePort();
    nginx = await startNginx(
      join(on.folder.path, 'groups'),
      `server { listen 127.0.0.1:${port} ssl; ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT@SECLEVEL=0;
ssl_ecdh_curve X25519:secp384r1; ssl_certificate ${on.server.cert}; ssl_certificate_key ${on.server.key}; return 401; }`,
      [port],
    );
  });
  afterAll(async () => {
    await nginx.stop();
    await on.clear();
  });

  // Exactly those of ssl_ecdh_curve: OpenSSL 3.5 would add no other to a list that is given.
  test.each(Object.keys(groups) as GroupName[])(
    'nginx with ssl_ecdh_curve X25519:secp384r1 and %s',
    async (name) => {
      const answer = await say(port, clientHello({ version: 'TLS 1.3', groups: [name] }));
      const accepted = name === 'x25519' || name === 'secp384r1';
      expect(answer).toEqual(
        accepted
          ? { kind: 'hello', retry: true, version: 'TLS 1.3', group: name }
          : { kind: 'alert', description: 40 },
      );
    },
  );

  test.each(Object.keys(tlsVersions) as TlsVersion[])(
    'nginx that takes every version: %s',
    async (version) => {
      const answer = await say(port, clientHello({ version, serverName: 'gateway.test' }));
      expect(answer).toMatchObject({ kind: 'hello', version });
    },
  );

  test('nginx that takes every version, and no post-quantum group on OpenSSL before 3.5', async () => {
    const [major = 0, minor = 0] = nginxOpenssl().split('.').map(Number);
    const other = await freePort();
    const second = await startNginx(
      join(on.folder.path, 'default-groups'),
      `server { listen 127.0.0.1:${other} ssl; ssl_protocols TLSv1.3; ssl_certificate ${on.server.cert};
ssl_certificate_key ${on.server.key}; return 401; }`,
      [other],
    );
    try {
      const answer = await say(other, clientHello({ version: 'TLS 1.3', groups: ['X25519MLKEM768'] }));
      const expected = major > 3 || (major === 3 && minor >= 5) ? 'hello' : 'alert';
      expect(answer.kind).toBe(expected);
    } finally {
      await second.stop();
    }
  });

  test.each([
    ['TLSv1.2', 'TLS 1.1'],
    ['TLSv1.3', 'TLS 1.2'],
  ] as const)("Node's own server from %s on refuses %s with an alert", async (minVersion, version) => {
    const server = createServer({
      cert: readFileSync(on.server.cert),
      key: readFileSync(on.server.key),
      minVersion,
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const answer = await say((server.address() as AddressInfo).port, clientHello({ version }));
      expect(answer).toEqual({ kind: 'alert', description: 70 });
    } finally {
      server.close();
    }
  });
});
