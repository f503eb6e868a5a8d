import { AsnIntegerBigIntConverter, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from './asn1.ts';

/** CRLNumber (RFC 5280, 5.2.3). The library's own class holds a `number`, which is exact up to 2^53 only. */
export class CrlNumber {
  value: bigint;

  constructor(value = 0n) {
    this.value = value;
  }
}
AsnType({ type: AsnTypeTypes.Choice })(CrlNumber);
AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerBigIntConverter })(CrlNumber.prototype, 'value');
