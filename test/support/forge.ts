import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Authority } from '../../lib/pki/authority.ts';
import type { Identity } from '../../lib/pki/identity.ts';
import { privateKeyPem } from '../../lib/pki/keys.ts';
import {
  buildCertificate,
  extensions,
  nameDer,
  oids,
  signerOf,
  type Attribute,
  type CertificateContent,
  type Rdns,
  type Signer,
} from './certificate-builder.ts';
import { pem } from './der.ts';

/** What a client presents. */
export interface ForgedCertificate {
  /** The leaf alone. */
  readonly certPem: string;
  /** The leaf, then what the client sends after it to convince the server. */
  readonly chainPem: string;
  readonly keyPem: string;
}

/** A client certificate that ought not to be, or that only looks odd. */
export interface Forgery {
  readonly name: string;
  /** What is wrong with it, or why it is let in. */
  readonly why: string;
  /** What a gateway that allows exactly the victim's identity answers on a route that this service may use. */
  readonly expected: 200 | 401;
  /**
   * What refuses it: `chain`, OpenSSL's verification ($ssl_client_verify says FAILED), or `name`, the allowlist alone,
   * because the chain is right.
   */
  readonly refusedFor?: 'chain' | 'name';
  /**
   * Why it is let in, if it is. `genuine`: the control. `same text`: another string type for the same letters, which
   * nginx prints alike. `signed by the CA`: only the CA's own key could have made it, and nginx has no variable that
   * shows the difference, so it has to be prevented where certificates are issued.
   */
  readonly accepted?: 'genuine' | 'same text' | 'signed by the CA';
  readonly make: () => ForgedCertificate;
}

export interface ForgeryContext {
  /** The CA that the gateway trusts. */
  readonly authority: Authority;
  /** The identity that the gateway allows and everyone wants to be. */
  readonly victim: Identity;
}

const hourMs = 60 * 60 * 1000;
const clientUsage = extensions.extendedKeyUsage(oids.clientAuth);
const digitalSignature = 0x80;
const keyCertSign = 0x06;

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const newRsaKey = (modulusLength: number): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey;

function keyIdentifierOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(createPublicKey(key).export({ format: 'der', type: 'spki' }))
    .digest();
}

/** The table of forgeries against one identity of one CA. Each is made, with new keys, when `make` is called. */
export function forgeries({ authority, victim }: ForgeryContext): readonly Forgery[] {
  const ca = signerOf(authority);
  const now = Date.now();
  const { stack, service } = victim;
  const generation = String(victim.generation);

  const O = (value: string, encoding?: Attribute['encoding']): Attribute =>
    attribute(oids.O, value, encoding);
  const CN = (value: string, encoding?: Attribute['encoding']): Attribute =>
    attribute(oids.CN, value, encoding);
  const serial = (value: string, encoding?: Attribute['encoding']): Attribute =>
    attribute(oids.serialNumber, value, encoding);
  const genuineSubject: Rdns = [[O(stack)], [CN(service)], [serial(generation)]];

  const leafExtensions = (signer: Signer, ...own: readonly Uint8Array[]): readonly Uint8Array[] => [
    extensions.basicConstraints(false),
    extensions.keyUsage(digitalSignature),
    ...(signer.keyIdentifier === undefined ? [] : [extensions.authorityKeyIdentifier(signer.keyIdentifier)]),
    ...own,
  ];
  /** The genuine certificate, but for what `change` says. */
  const leaf = (
    change: Partial<CertificateContent> = {},
    chain: readonly Buffer[] = [],
  ): ForgedCertificate => {
    const signer = change.signer ?? ca;
    const content: CertificateContent = {
      subject: genuineSubject,
      key: newKey(),
      signer,
      notBefore: new Date(now - hourMs),
      notAfter: new Date(now + 24 * hourMs),
      extensions: leafExtensions(signer, clientUsage),
      ...change,
    };
    return presented(buildCertificate(content), content.key, chain);
  };
  const named =
    (...subject: Rdns): (() => ForgedCertificate) =>
    () =>
      leaf({ subject });
  /** A CA below `signer`, or of its own without one, as a signer and as its certificate. */
  const newAuthority = (name: Uint8Array, signer?: Signer): { signer: Signer; certificate: Buffer } => {
    const key = newKey();
    const keyIdentifier = keyIdentifierOf(key);
    const certificate = buildCertificate({
      subject: name,
      key,
      signer: signer ?? { name, key },
      notBefore: new Date(now - hourMs),
      notAfter: new Date(now + 24 * hourMs),
      extensions: [
        extensions.basicConstraints(true),
        extensions.keyUsage(keyCertSign),
        extensions.subjectKeyIdentifier(keyIdentifier),
        ...(signer?.keyIdentifier === undefined
          ? []
          : [extensions.authorityKeyIdentifier(signer.keyIdentifier)]),
      ],
    });
    return { signer: { name, key, keyIdentifier }, certificate };
  };

  return [
    {
      name: 'the genuine certificate',
      why: 'the control: the same builder, nothing wrong',
      expected: 200,
      accepted: 'genuine',
      make: () => leaf(),
    },

    // Time
    {
      name: 'expired',
      why: 'notAfter was an hour ago',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ notBefore: new Date(now - 48 * hourMs), notAfter: new Date(now - hourMs) }),
    },
    {
      name: 'not yet valid',
      why: 'notBefore is in an hour',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ notBefore: new Date(now + hourMs) }),
    },

    // Issuer
    {
      name: 'foreign CA of the same name',
      why: 'same subject and issuer names, another CA key; the foreign CA is sent along',
      expected: 401,
      refusedFor: 'chain',
      make: () => {
        const foreign = newAuthority(ca.name);
        return leaf({ signer: foreign.signer }, [foreign.certificate]);
      },
    },
    {
      name: 'foreign key under our CA key identifier',
      why: 'names and AuthorityKeyIdentifier of our CA, signed by another key',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ signer: { ...ca, key: newKey() } }),
    },
    {
      name: 'self-signed',
      why: 'the right subject, issued by itself',
      expected: 401,
      refusedFor: 'chain',
      make: () => {
        const key = newKey();
        const signer = { name: nameDer(genuineSubject), key };
        return leaf({ key, signer });
      },
    },
    {
      name: 'issued by an intermediate CA below ours',
      why: 'pathlen:0 of our CA forbids any CA below it; the chain is sent along',
      expected: 401,
      refusedFor: 'chain',
      make: () => {
        const name = nameDer([[O(stack)], [CN('Intermediate CA')]]);
        const intermediate = newAuthority(name, ca);
        return leaf({ signer: intermediate.signer }, [intermediate.certificate]);
      },
    },
    {
      name: 'issued by a client certificate',
      why: 'another service signs with the key of its genuine certificate (CA:FALSE); the chain is sent along',
      expected: 401,
      refusedFor: 'chain',
      make: () => {
        const key = newKey();
        const subject: Rdns = [[O(stack)], [CN('intruder')], [serial(generation)]];
        const holder = buildCertificate({
          subject,
          key,
          signer: ca,
          notBefore: new Date(now - hourMs),
          notAfter: new Date(now + 24 * hourMs),
          extensions: [
            ...leafExtensions(ca, clientUsage),
            extensions.subjectKeyIdentifier(keyIdentifierOf(key)),
          ],
        });
        const signer = { name: nameDer(subject), key, keyIdentifier: keyIdentifierOf(key) };
        return leaf({ signer }, [holder]);
      },
    },
    {
      name: 'signature altered',
      why: 'the last bit of the signature is flipped',
      expected: 401,
      refusedFor: 'chain',
      make: () => {
        const key = newKey();
        const certificate = buildCertificate({
          subject: genuineSubject,
          key,
          signer: ca,
          notBefore: new Date(now - hourMs),
          notAfter: new Date(now + 24 * hourMs),
          extensions: leafExtensions(ca, clientUsage),
        });
        certificate.writeUInt8(certificate.readUInt8(certificate.length - 1) ^ 1, certificate.length - 1);
        return presented(certificate, key, []);
      },
    },

    // Usage
    {
      name: 'server certificate as client',
      why: 'extended key usage is serverAuth only',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ extensions: leafExtensions(ca, extensions.extendedKeyUsage(oids.serverAuth)) }),
    },
    {
      name: 'any extended key usage',
      why: 'anyExtendedKeyUsage is not clientAuth (OpenSSL demands the purpose itself)',
      expected: 401,
      refusedFor: 'chain',
      make: () =>
        leaf({ extensions: leafExtensions(ca, extensions.extendedKeyUsage(oids.anyExtendedKeyUsage)) }),
    },
    {
      name: 'no extended key usage',
      why: 'OpenSSL takes a certificate without the extension for every purpose',
      expected: 200,
      accepted: 'signed by the CA',
      make: () => leaf({ extensions: leafExtensions(ca) }),
    },
    {
      name: 'X.509 version 1',
      why: 'no extensions at all, so no usage is excluded',
      expected: 200,
      accepted: 'signed by the CA',
      make: () => leaf({ extensions: undefined }),
    },
    {
      name: 'key usage without digitalSignature',
      why: 'the key may only sign certificates and CRLs',
      expected: 401,
      refusedFor: 'chain',
      make: () =>
        leaf({
          extensions: [extensions.basicConstraints(false), extensions.keyUsage(keyCertSign), clientUsage],
        }),
    },
    {
      name: 'unknown critical extension',
      why: 'a critical extension that is not understood has to be refused (RFC 5280, 4.2)',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ extensions: leafExtensions(ca, clientUsage, extensions.unknownCritical()) }),
    },

    // Algorithms
    {
      name: 'RSA key of 2048 bits',
      why: 'the right identity; the profile that issues forbids the key, the chain does not',
      expected: 200,
      accepted: 'signed by the CA',
      make: () => leaf({ key: newRsaKey(2048) }),
    },
    {
      name: 'P-384 key',
      why: 'the right identity; the profile that issues forbids the key, the chain does not',
      expected: 200,
      accepted: 'signed by the CA',
      make: () => leaf({ key: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey }),
    },
    {
      name: 'RSA key of 1024 bits',
      why: 'below the 112 bits of security level 2 (SSL_CTX_set_security_level(3))',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ key: newRsaKey(1024) }),
    },
    {
      name: 'SHA-1 signature',
      why: 'below the 112 bits of security level 2 (SSL_CTX_set_security_level(3))',
      expected: 401,
      refusedFor: 'chain',
      make: () => leaf({ digest: 'sha1' }),
    },

    // Subject: another identity
    {
      name: 'another stack',
      why: 'O is not ours',
      expected: 401,
      refusedFor: 'name',
      make: named([O(`${stack}-2`)], [CN(service)], [serial(generation)]),
    },
    {
      name: 'next generation',
      why: 'a generation that the configuration does not have yet',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service)], [serial(String(victim.generation + 1))]),
    },
    {
      name: 'another name, subjectAltName of the victim',
      why: 'identities are in the subject alone',
      expected: 401,
      refusedFor: 'name',
      make: () =>
        leaf({
          subject: [[O(stack)], [CN('intruder')], [serial(generation)]],
          extensions: leafExtensions(ca, clientUsage, extensions.subjectAltName(service)),
        }),
    },

    // Subject: nearly the same text
    {
      name: 'CN in upper case',
      why: 'literal keys of an nginx map ignore case',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service.toUpperCase())], [serial(generation)]),
    },
    {
      name: 'O in upper case',
      why: 'literal keys of an nginx map ignore case',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack.toUpperCase())], [CN(service)], [serial(generation)]),
    },
    {
      name: 'generation with a leading zero',
      why: 'the same number, not the same text',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service)], [serial(`0${generation}`)]),
    },
    {
      name: 'CN with a space after it',
      why: 'X.520 compares without it, an exact comparison does not',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(`${service} `)], [serial(generation)]),
    },
    {
      name: 'CN with a Cyrillic letter',
      why: 'U+0430 looks like a',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(`\u0430${service.slice(1)}`, 'utf8String')], [serial(generation)]),
    },

    // Subject: another shape
    {
      name: 'RDNs in another order',
      why: 'CN, O, serialNumber',
      expected: 401,
      refusedFor: 'name',
      make: named([CN(service)], [O(stack)], [serial(generation)]),
    },
    {
      name: 'RDNs in reverse',
      why: 'serialNumber, CN, O: what the printed name seems to say',
      expected: 401,
      refusedFor: 'name',
      make: named([serial(generation)], [CN(service)], [O(stack)]),
    },
    {
      name: 'an OU more',
      why: 'an added RDN in the middle',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [attribute(oids.OU, 'team')], [CN(service)], [serial(generation)]),
    },
    {
      name: 'an RDN before',
      why: 'printed last: catches a comparison without an end anchor',
      expected: 401,
      refusedFor: 'name',
      make: named([attribute(oids.OU, 'team')], [O(stack)], [CN(service)], [serial(generation)]),
    },
    {
      name: 'an RDN after',
      why: 'printed first: catches a comparison without a start anchor',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service)], [serial(generation)], [attribute(oids.OU, 'team')]),
    },
    {
      name: 'a second CN before',
      why: 'the genuine CN comes second',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN('intruder')], [CN(service)], [serial(generation)]),
    },
    {
      name: 'a second CN after',
      why: 'the genuine CN comes first',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service)], [CN('intruder')], [serial(generation)]),
    },
    {
      name: 'a multi-valued RDN',
      why: 'CN and serialNumber in one RDN, printed with +',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service), serial(generation)]),
    },
    {
      name: 'one multi-valued RDN',
      why: 'O, CN and serialNumber in one RDN, printed with +',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack), CN(service), serial(generation)]),
    },
    {
      name: 'an e-mail address more',
      why: 'emailAddress in the subject',
      expected: 401,
      refusedFor: 'name',
      make: named(
        [O(stack)],
        [CN(service)],
        [serial(generation)],
        [attribute(oids.emailAddress, 'ci@example.test', 'ia5String')],
      ),
    },
    {
      name: 'no serialNumber',
      why: 'a certificate without a generation',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(service)]),
    },
    {
      name: 'no subject',
      why: 'an empty name prints as nothing, like no certificate',
      expected: 401,
      refusedFor: 'name',
      make: named(),
    },

    // Subject: text that could break out
    {
      name: 'comma inside CN',
      why: `CN is the text "${service},O=${stack}": escaped, it is no RDN`,
      expected: 401,
      refusedFor: 'name',
      make: named([CN(`${service},O=${stack}`, 'utf8String')], [serial(generation)]),
    },
    {
      name: 'the whole name inside serialNumber',
      why: 'one RDN that spells the printed name',
      expected: 401,
      refusedFor: 'name',
      make: named([serial(`${generation},CN=${service},O=${stack}`, 'utf8String')]),
    },
    {
      name: 'newline in CN',
      why: '$ of a regular expression matches before a last newline',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(`${service}\n`, 'utf8String')], [serial(generation)]),
    },
    {
      name: 'newline after O',
      why: 'printed last, where $ of a regular expression would match',
      expected: 401,
      refusedFor: 'name',
      make: named([O(`${stack}\n`, 'utf8String')], [CN(service)], [serial(generation)]),
    },
    {
      name: 'NUL byte in CN',
      why: 'a C string would end there',
      expected: 401,
      refusedFor: 'name',
      make: named([O(stack)], [CN(`${service}\0.intruder`, 'utf8String')], [serial(generation)]),
    },
    {
      name: 'NUL byte after O',
      why: 'printed last, where a C string would end',
      expected: 401,
      refusedFor: 'name',
      make: named([O(`${stack}\0`, 'utf8String')], [CN(service)], [serial(generation)]),
    },

    // Subject: the same text in another encoding
    ...(['utf8String', 'bmpString', 'teletexString'] as const).map((encoding): Forgery => ({
      name: `${encoding} instead of PrintableString`,
      why: 'the same letters; nginx prints them alike and only our CA signs',
      expected: 200,
      accepted: 'same text',
      make: named([O(stack, encoding)], [CN(service, encoding)], [serial(generation, encoding)]),
    })),
  ];
}

function attribute(type: string, value: string, encoding?: Attribute['encoding']): Attribute {
  return { type, value, ...(encoding === undefined ? {} : { encoding }) };
}

function presented(certificate: Buffer, key: KeyObject, chain: readonly Buffer[]): ForgedCertificate {
  const certPem = pem('CERTIFICATE', certificate);
  return {
    certPem,
    chainPem: certPem + chain.map((issuer) => pem('CERTIFICATE', issuer)).join(''),
    keyPem: privateKeyPem(key),
  };
}
