/** Who a client certificate speaks for. */
export interface Identity {
  /** The stack whose gateway accepts it: O of the subject. */
  readonly stack: string;
  /** The client of the model API: CN of the subject. */
  readonly service: string;
  /** Raising it makes all earlier certificates of the service worthless: serialNumber of the subject. */
  readonly generation: number;
}

/** The largest generation: fits a signed 32-bit integer, so that every program on the way can hold it. */
export const maximumGeneration = 2_147_483_647;

/** The longest stack or service name in a subject (ub-organization-name and ub-common-name, RFC 5280, A.1). */
export const maximumNameLength = 64;

const namePattern = /^[a-z][a-z0-9-]*$/;

/**
 * The subject of an identity's certificate, exactly as nginx prints it in `$ssl_client_s_dn` (RFC 2253: last RDN
 * first), for example `serialNumber=1,CN=ci,O=prod`. The certificate holds the RDNs in the order O, CN, serialNumber.
 *
 * @throws {RangeError} for a name other than lower-case letters, digits and `-` after a first letter, and for a
 *   generation other than a whole number from 1 to {@link maximumGeneration}. The configuration refuses these
 *   already; here it is the last stop before a value could add an RDN or leave a quoted string.
 */
export function distinguishedName(identity: Identity): string {
  const { stack, service, generation } = requireIdentity(identity);
  return `serialNumber=${generation},CN=${service},O=${stack}`;
}

/**
 * Returns `identity` unchanged if it may be put into a certificate.
 *
 * @throws {RangeError} as {@link distinguishedName} does.
 */
export function requireIdentity(identity: Identity): Identity {
  requireName('stack', identity.stack);
  requireName('service', identity.service);
  const { generation } = identity;
  if (!Number.isInteger(generation) || generation < 1 || generation > maximumGeneration) {
    throw new RangeError(
      `generation must be a whole number from 1 to ${maximumGeneration}, got ${String(generation)}`,
    );
  }
  return identity;
}

/** True if `identity` may be put into a certificate. */
export function isIdentity(identity: Identity): boolean {
  try {
    requireIdentity(identity);
    return true;
  } catch {
    return false;
  }
}

function requireName(what: 'stack' | 'service', name: unknown): void {
  // A type check too: a number or an array that turns into a fitting text is not a name.
  if (typeof name !== 'string' || name.length > maximumNameLength || !namePattern.test(name)) {
    throw new RangeError(
      `${what} must be 1 to ${maximumNameLength} characters of a-z, 0-9 and "-" with a letter first, ` +
        `got ${typeof name === 'string' ? JSON.stringify(name) : typeof name}`,
    );
  }
}
