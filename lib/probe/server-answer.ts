import { createHash } from 'node:crypto';
import { groups, tlsVersions, type GroupName, type TlsVersion } from './client-hello.ts';

/** A server's first answer to a ClientHello. */
export type ServerAnswer =
  | {
      readonly kind: 'hello';
      /** True for a HelloRetryRequest. */
      readonly retry: boolean;
      readonly version: TlsVersion | undefined;
      /** The group of the key_share extension, by name or as hexadecimal. */
      readonly group: GroupName | `0x${string}` | undefined;
    }
  | { readonly kind: 'alert'; readonly description: number }
  /** The server hung up without a word, as some do for a version that they do not speak. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'incomplete' };

// The Random of a ServerHello that is a HelloRetryRequest (RFC 8446 section 4.1.3).
const retryRandom = createHash('sha256').update('HelloRetryRequest').digest();

/** Names of the alerts that servers answer a ClientHello with (RFC 8446 section 6, RFC 6066). */
const alertNames: Readonly<Record<number, string>> = {
  40: 'handshake_failure',
  47: 'illegal_parameter',
  50: 'decode_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  112: 'unrecognized_name',
};

/** The alert of a server that will not speak for this name (RFC 6066); it says nothing about versions or groups. */
export const unrecognizedName = 112;

/** Names an alert. */
export function alertName(description: number): string {
  return alertNames[description] ?? `alert ${description}`;
}

const versionNames = new Map(Object.entries(tlsVersions).map(([name, value]) => [value as number, name]));
const groupNames = new Map(Object.entries(groups).map(([name, value]) => [value as number, name]));

/**
 * Reads the first handshake message or alert of a server. Returns `incomplete` when more bytes are needed, and `not-tls`
 * for anything that is not a TLS record of those two types. Never throws on hostile bytes.
 */
export function parseServerAnswer(bytes: Buffer): ServerAnswer {
  let handshake = Buffer.alloc(0);
  let offset = 0;
  while (offset + 5 <= bytes.length) {
    const type = bytes.readUInt8(offset);
    const length = bytes.readUInt16BE(offset + 3);
    if (bytes.readUInt8(offset + 1) !== 3 || length === 0) return { kind: 'not-tls' };
    if (type !== 21 && type !== 22) return { kind: 'not-tls' };
    const fragment = bytes.subarray(offset + 5, offset + 5 + length);
    if (type === 21) {
      if (length !== 2) return { kind: 'not-tls' };
      return fragment.length === 2
        ? { kind: 'alert', description: fragment.readUInt8(1) }
        : { kind: 'incomplete' };
    }
    handshake = Buffer.concat([handshake, fragment]);
    if (handshake.length > 0 && handshake.readUInt8(0) !== 2) return { kind: 'not-tls' };
    if (handshake.length >= 4) {
      const size = handshake.readUIntBE(1, 3);
      if (handshake.length >= 4 + size) return parseServerHello(handshake.subarray(4, 4 + size));
    }
    offset += 5 + length;
  }
  if (offset === 0 && bytes.length > 0 && bytes[0] !== 21 && bytes[0] !== 22) return { kind: 'not-tls' };
  return { kind: 'incomplete' };
}

function parseServerHello(body: Buffer): ServerAnswer {
  // legacy_version, random, session id, cipher suite, compression method, extensions (RFC 8446 section 4.1.3).
  if (body.length < 38) return { kind: 'not-tls' };
  let version = body.readUInt16BE(0);
  const retry = body.subarray(2, 34).equals(retryRandom);
  let offset = 35 + body.readUInt8(34) + 3;
  let group: number | undefined;
  if (body.length < offset) return { kind: 'not-tls' };
  const end = offset + 2 <= body.length ? offset + 2 + body.readUInt16BE(offset) : offset;
  if (end > body.length) return { kind: 'not-tls' };
  offset += 2;
  while (offset + 4 <= end) {
    const type = body.readUInt16BE(offset);
    const length = body.readUInt16BE(offset + 2);
    const data = body.subarray(offset + 4, offset + 4 + length);
    if (data.length >= 2) {
      if (type === 43) version = data.readUInt16BE(0);
      if (type === 51) group = data.readUInt16BE(0);
    }
    offset += 4 + length;
  }
  return {
    kind: 'hello',
    retry,
    version: versionNames.get(version) as TlsVersion | undefined,
    group:
      group === undefined
        ? undefined
        : ((groupNames.get(group) as GroupName | undefined) ?? `0x${group.toString(16).padStart(4, '0')}`),
  };
}
