// The one place that loads the schema classes of ASN.1, of which the certificate library is made.
import { AsnConvert } from '@peculiar/asn1-schema';
import { Primitive } from 'asn1js';

export { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
export { EncryptedData, EncryptedPrivateKeyInfo } from '@peculiar/asn1-pkcs8';
export {
  AsnBitStringConverter,
  AsnConvert,
  AsnIntegerBigIntConverter,
  AsnProp,
  AsnPropTypes,
  AsnType,
  AsnTypeTypes,
  OctetString,
} from '@peculiar/asn1-schema';
export {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  CertificateList,
  CRLReason,
  CRLReasons,
  Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  Name,
  RevokedCertificate,
  SubjectPublicKeyInfo,
  TBSCertList,
  Time,
  Version,
} from '@peculiar/asn1-x509';

/** The bytes alone, for the schema classes: a Buffer may be a part of a larger one. */
export function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** A value of a schema class, or of one of its fields' converters, as DER. */
export function derOf(value: object): Buffer {
  return Buffer.from(AsnConvert.serialize(value));
}

/**
 * A SEQUENCE of members that are in DER. They stay as they are: the library's SEQUENCE takes what it writes apart, a
 * revocation list of thousands of entries too, to write each part again.
 */
export function sequenceOf(...members: readonly Uint8Array[]): Buffer {
  const sequence = new Primitive({
    idBlock: { tagClass: 1, tagNumber: 16 },
    valueHex: arrayBufferOf(Buffer.concat(members)),
  });
  sequence.idBlock.isConstructed = true;
  return Buffer.from(sequence.toBER());
}
