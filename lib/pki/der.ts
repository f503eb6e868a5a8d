/**
 * DER (X.690) for what the certificate library does not write: requests that hold nothing but an identity, revocation
 * lists of thousands of entries, and encrypted keys. Input is parsed by the library and by OpenSSL.
 */

/** One value: tag, length, content. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  const prefix = content.length < 0x80 ? [content.length] : [0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from([tag, ...prefix]), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);

/** What is in a SEQUENCE; undefined for anything else, a length that is not in its shortest form, and bytes after it. */
export function contentOfSequence(der: Uint8Array): Uint8Array | undefined {
  const content = [2, 3, 4, 5, 6].map((headerLength) => der.subarray(headerLength));
  return content.find((candidate) => sequence(candidate).compare(der) === 0);
}

/** A SET of one member, so that the order of its members is no question. */
export const setOfOne = (member: Uint8Array): Buffer => tlv(0x31, member);
/** A context-specific constructed tag, such as `[0] EXPLICIT`. */
export const context = (number: number, ...parts: readonly Uint8Array[]): Buffer =>
  tlv(0xa0 + number, ...parts);
export const octetString = (content: Uint8Array): Buffer => tlv(0x04, content);
export const bitString = (content: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), content);
export const nothing = (): Buffer => tlv(0x05);
export const enumerated = (value: number): Buffer => tlv(0x0a, Buffer.from([value]));
/** Of characters that PrintableString has; the caller checks them. */
export const printableString = (value: string): Buffer => tlv(0x13, Buffer.from(value, 'latin1'));

/** A non-negative INTEGER. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  // A first bit that is set would make it negative.
  return tlv(0x02, ...((bytes[0] ?? 0) > 0x7f ? [Buffer.from([0]), bytes] : [bytes]));
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...others]) {
    const septets = [arc % 0x80];
    for (let rest = Math.floor(arc / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
      septets.unshift((rest % 0x80) | 0x80);
    }
    bytes.push(...septets);
  }
  return tlv(0x06, Buffer.from(bytes));
}

/** UTCTime up to 2049 and GeneralizedTime from then on (RFC 5280, 4.1.2.5), in whole seconds. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\D/g, '').slice(0, 14);
  return date.getUTCFullYear() < 2050
    ? tlv(0x17, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : tlv(0x18, Buffer.from(`${digits}Z`, 'latin1'));
}

/** The PEM form (RFC 7468), 64 characters a line. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
