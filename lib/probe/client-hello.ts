import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

/** TLS versions as they stand on the wire (RFC 8446 section 4.2.1). */
export const tlsVersions = {
  'TLS 1.0': 0x0301,
  'TLS 1.1': 0x0302,
  'TLS 1.2': 0x0303,
  'TLS 1.3': 0x0304,
} as const;
export type TlsVersion = keyof typeof tlsVersions;

/** Key-exchange groups by the names of IANA's registry "TLS Supported Groups". */
export const groups = {
  X25519MLKEM768: 0x11ec,
  SecP256r1MLKEM768: 0x11eb,
  SecP384r1MLKEM1024: 0x11ed,
  x25519: 0x001d,
  secp256r1: 0x0017,
  secp384r1: 0x0018,
  secp521r1: 0x0019,
  x448: 0x001e,
  ffdhe2048: 0x0100,
  ffdhe3072: 0x0101,
} as const;
export type GroupName = keyof typeof groups;

/** The groups that combine a classical exchange with ML-KEM (draft-ietf-tls-ecdhe-mlkem). */
export const postQuantumGroups: readonly GroupName[] = [
  'X25519MLKEM768',
  'SecP256r1MLKEM768',
  'SecP384r1MLKEM1024',
];

const classicalGroups: readonly GroupName[] = ['x25519', 'secp256r1', 'secp384r1', 'secp521r1'];

const tls13CipherSuites = [0x1301, 0x1302, 0x1303];
// ECDHE, DHE and RSA with AES-GCM, ChaCha20, AES-CBC and 3DES, and the renegotiation signal (RFC 5746): wide enough that
// a refusal is about the version and not about the cipher.
const olderCipherSuites = [
  0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca9, 0xcca8, 0x009e, 0x009f, 0xccaa, 0xc009, 0xc00a, 0xc013, 0xc014,
  0xc023, 0xc024, 0xc027, 0xc028, 0x0033, 0x0039, 0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x003d, 0x000a,
  0x00ff,
];
// ECDSA, RSA-PSS, EdDSA, RSA PKCS #1 and, for the old versions, SHA-1 (RFC 8446 section 4.2.3).
const signatureSchemes = [
  0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501,
  0x0601, 0x0203, 0x0201,
];

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const uint16List = (values: readonly number[]): Buffer => Buffer.concat(values.map(uint16));
const prefixed8 = (body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length]), body]);
const prefixed16 = (body: Buffer): Buffer => Buffer.concat([uint16(body.length), body]);
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([uint16(type), prefixed16(body)]);

/** What a ClientHello offers. */
export interface ClientHelloOptions {
  /** The only version offered. An older server may still answer with a lower one. */
  readonly version: TlsVersion;
  /** Groups offered. Default: the usual classical curves. */
  readonly groups?: readonly GroupName[];
  /** Name for SNI; an IP address or an empty text sends none (RFC 6066 section 3). */
  readonly serverName?: string;
}

/**
 * Writes one TLS record with a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2). Its key_share is empty,
 * by which a client asks the server to choose a group (RFC 8446 section 4.2.8): a TLS 1.3 server answers with a
 * HelloRetryRequest that names the group, or with an alert, and no key is ever made for it.
 */
export function clientHello(options: ClientHelloOptions): Buffer {
  const version = tlsVersions[options.version];
  const isTls13 = options.version === 'TLS 1.3';
  const offered = (options.groups ?? classicalGroups).map((name) => groups[name]);
  const name = options.serverName ?? '';
  const extensions: Buffer[] = [];
  if (name !== '' && isIP(name) === 0) {
    const entry = Buffer.concat([Buffer.from([0]), prefixed16(Buffer.from(name, 'latin1'))]);
    extensions.push(extension(0, prefixed16(entry)));
  }
  extensions.push(extension(10, prefixed16(uint16List(offered))));
  extensions.push(extension(11, prefixed8(Buffer.from([0]))));
  if (version >= tlsVersions['TLS 1.2']) {
    extensions.push(extension(13, prefixed16(uint16List(signatureSchemes))));
  }
  if (isTls13) {
    extensions.push(extension(43, prefixed8(uint16(version))));
    extensions.push(extension(45, prefixed8(Buffer.from([1]))));
    extensions.push(extension(51, prefixed16(Buffer.alloc(0))));
  } else {
    extensions.push(extension(23, Buffer.alloc(0)));
  }
  const body = Buffer.concat([
    uint16(Math.min(version, tlsVersions['TLS 1.2'])),
    randomBytes(32),
    // TLS 1.3 has no session id, but middleboxes expect one (RFC 8446 appendix D.4).
    prefixed8(isTls13 ? randomBytes(32) : Buffer.alloc(0)),
    prefixed16(uint16List(isTls13 ? tls13CipherSuites : olderCipherSuites)),
    prefixed8(Buffer.from([0])),
    prefixed16(Buffer.concat(extensions)),
  ]);
  const message = Buffer.concat([Buffer.from([1, 0]), prefixed16(body)]);
  return Buffer.concat([Buffer.from([22]), uint16(0x0301), prefixed16(message)]);
}
