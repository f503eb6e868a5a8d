import { requireIdentity, type Identity } from './identity.ts';
import * as x509 from './x509.ts';

/** The attributes of an identity's subject, in the order of its RDNs (X.520). */
export const subjectOids = { O: '2.5.4.10', CN: '2.5.4.3', serialNumber: '2.5.4.5' } as const;

/**
 * The subject of an identity's certificate as DER: O, CN, serialNumber in this order, one attribute an RDN, each a
 * PrintableString, as `issueClient` writes it. nginx prints other string types alike, so only the bytes tell them
 * apart.
 *
 * @throws {RangeError} for an identity that may not be in a certificate.
 */
export function subjectDer(identity: Identity): Uint8Array {
  const { stack, service, generation } = requireIdentity(identity);
  const subject = new x509.Name([
    { [subjectOids.O]: [{ printableString: stack }] },
    { [subjectOids.CN]: [{ printableString: service }] },
    { [subjectOids.serialNumber]: [{ printableString: String(generation) }] },
  ]);
  return new Uint8Array(subject.toArrayBuffer());
}

/** What a name says, first RDN first, whatever its string types; a backslash stands before what separates RDNs. */
export function nameText(der: ArrayBuffer | Uint8Array): string {
  return new x509.Name(new Uint8Array(der), { serialNumber: subjectOids.serialNumber }).toString();
}
