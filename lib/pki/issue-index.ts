import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { malformedIndex, noIndex } from '../messages/pki-folder.ts';
import { writeAtomically } from './atomic-file.ts';
import { revocationReasons, type RevocationReason } from './crl.ts';
import { exists, readPem } from './files.ts';
import { publicKeyDer } from './keys.ts';
import { serialNumberOf } from './serial-number.ts';

const decimal = z.string().regex(/^[0-9]{1,60}$/);
const moment = z.iso.datetime();

const entrySchema = z.strictObject({
  /** Undefined for the gateway's own certificate. */
  service: z.string().optional(),
  generation: z.int().positive().optional(),
  serialNumber: decimal,
  /** SHA-256 of the SubjectPublicKeyInfo. */
  keySha256: z.string().regex(/^[0-9a-f]{64}$/),
  notBefore: moment,
  notAfter: moment,
  revoked: z
    .strictObject({
      date: moment,
      reason: z.enum(Object.keys(revocationReasons) as [RevocationReason, ...RevocationReason[]]),
    })
    .optional(),
});

const indexSchema = z.strictObject({
  /** O of the CA and of all that it issues. */
  stack: z.string(),
  /** The highest CRLNumber that was used. */
  crlNumber: decimal,
  /** Everything that was ever issued, in this order. */
  certificates: z.array(entrySchema),
});

/** One certificate that the CA issued. */
export type IndexEntry = z.output<typeof entrySchema>;
/** What the CA of a folder issued and revoked. */
export type IssueIndex = z.output<typeof indexSchema>;

/**
 * Reads the index of a folder of `hardening pki`.
 *
 * @throws {UserError} if it is missing, unreadable, or not such an index.
 */
export function readIndex(path: string): IssueIndex {
  if (!exists(path)) throw noIndex(path);
  const text = readPem(path, false);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedIndex(path, 'it is not JSON');
  }
  const parsed = indexSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformedIndex(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** Replaces the index in one step, one certificate a line, so that a change of it reads well. */
export function writeIndex(path: string, { stack, crlNumber, certificates }: IssueIndex): void {
  const lines = certificates.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  const list = lines === '' ? '[]' : `[\n${lines}\n  ]`;
  const text = `{\n  "stack": ${JSON.stringify(stack)},\n  "crlNumber": "${crlNumber}",\n  "certificates": ${list}\n}\n`;
  writeAtomically(path, text, 0o644, true);
}

/** The entry of a certificate. */
export function entryOf(
  certificate: X509Certificate,
  identity?: { readonly service: string; readonly generation: number },
): IndexEntry {
  return {
    ...(identity === undefined ? {} : { service: identity.service, generation: identity.generation }),
    serialNumber: String(serialNumberOf(certificate)),
    keySha256: keyHash(certificate.publicKey),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
  };
}

/** True for an entry whose certificate has not ended. */
export function hasNotEnded({ notAfter }: Pick<IndexEntry, 'notAfter'>, now: Date): boolean {
  return new Date(notAfter) >= now;
}

/** SHA-256 of a key's SubjectPublicKeyInfo, in hexadecimal digits. */
export function keyHash(key: KeyObject): string {
  return createHash('sha256').update(publicKeyDer(key)).digest('hex');
}
