import type { CorpusCase } from '../support/corpus-case.ts';
import { encrypted, key, pki } from './parts.ts';

/** Keys, and what certificates are good for. */
const weak = 'weak-key';
const both = 'client-certificate-as-server';
const signs = 'leaf-that-signs';
const long = 'certificate-lifetime';

const keys: CorpusCase[] = (
  [
    ['P-256', key(), [], 'strong'],
    ['P-384', key({ ecdsa_curve: 'P384' }), [], 'strong'],
    ['P-521', key({ ecdsa_curve: 'P521' }), [], 'strong'],
    ['P-224', key({ ecdsa_curve: 'P224' }), [weak], 'TLS 1.3 does not have it'],
    ['ECDSA without a curve', { algorithm: 'ECDSA' }, [weak], "the provider's default is P-224"],
    ['ECDSA with a curve of null', { algorithm: 'ECDSA', ecdsa_curve: null }, [weak], 'the default again'],
    ['the curve by a variable', key({ ecdsa_curve: '${var.curve}' }), [weak], 'by its default'],
    ['RSA without a size', { algorithm: 'RSA' }, [], "2048 is the provider's default"],
    ['RSA of 2048 bits', { algorithm: 'RSA', rsa_bits: 2048 }, [], 'the least'],
    ['RSA of 2047 bits', { algorithm: 'RSA', rsa_bits: 2047 }, [weak], 'below the least'],
    ['RSA of 1024 bits', { algorithm: 'RSA', rsa_bits: 1024 }, [weak], 'it can be broken'],
    ['RSA of 1024 bits as text', { algorithm: 'RSA', rsa_bits: '1024' }, [weak], 'the same'],
    ['Ed25519', { algorithm: 'ED25519' }, [], 'strong'],
    [
      'Ed25519 with a curve that does not count',
      { algorithm: 'ED25519', ecdsa_curve: 'P224' },
      [],
      'it has no curve',
    ],
    [
      'RSA with a curve that does not count',
      { algorithm: 'RSA', rsa_bits: 3072, ecdsa_curve: 'P224' },
      [],
      'it has no curve',
    ],
  ] as const
).map(([name, body, finds, why]) => ({
  name: `a key: ${name}`,
  finds,
  why,
  stack: {
    terraform: encrypted,
    resource: { tls_private_key: { x: body } },
    variable: { curve: { default: 'P224' } },
  },
}));

const leaves: CorpusCase[] = (
  [
    ['client', {}, [], 'as it should be'],
    ['server', { allowed_uses: ['digital_signature', 'server_auth'] }, [], 'as it should be'],
    [
      'client and server',
      { allowed_uses: ['client_auth', 'server_auth'] },
      [both],
      'a service can pose as the gateway',
    ],
    ['any use', { allowed_uses: ['any_extended'] }, [both], 'any is both'],
    ['no extended use', { allowed_uses: ['digital_signature'] }, [both], 'OpenSSL takes none for any'],
    ['no use at all', { allowed_uses: [] }, [both], 'OpenSSL takes none for any'],
    ['code signing', { allowed_uses: ['digital_signature', 'code_signing'] }, [], 'neither of the two'],
    [
      'cert_signing',
      { allowed_uses: ['client_auth', 'cert_signing'] },
      [signs],
      'it could sign, where readers are careless',
    ],
    ['crl_signing', { allowed_uses: ['client_auth', 'crl_signing'] }, [signs], 'it could revoke'],
    [
      'an intermediate CA',
      { is_ca_certificate: true, allowed_uses: ['cert_signing'] },
      [signs],
      'it signs without a limit',
    ],
    [
      'a CA as text',
      { is_ca_certificate: 'true', allowed_uses: ['client_auth', 'cert_signing'] },
      [signs],
      'the same as true',
    ],
    ['no word about CA', { is_ca_certificate: undefined }, [], 'the default is no'],
    ['398 days', { validity_period_hours: 398 * 24 }, [], 'the most'],
    ['398 days and an hour', { validity_period_hours: 398 * 24 + 1 }, [long], 'over the most'],
    ['ten years', { validity_period_hours: 87_600 }, [long], 'nobody rotates it'],
    ['ten years as text', { validity_period_hours: '87600' }, [long], 'the same'],
    ['ten years by arithmetic', { validity_period_hours: '${24 * 365 * 10}' }, [long], 'the same'],
    ['ten years with an exponent', { validity_period_hours: '8.76e4' }, [long], 'the same'],
    ['1e5 hours', { validity_period_hours: '1e5' }, [long], 'terraform takes it for 100000'],
    ['1e2 hours', { validity_period_hours: '1e2' }, [], 'terraform takes it for 100'],
    [
      'hours that are no number',
      { validity_period_hours: '0x1p20' },
      ['undecidable-value'],
      'nothing shows how long',
    ],
    ['a day', { validity_period_hours: 24 }, [], 'short is good'],
    [
      'everything wrong',
      {
        is_ca_certificate: false,
        allowed_uses: ['client_auth', 'server_auth', 'cert_signing'],
        validity_period_hours: 99_999,
      },
      [both, signs, long],
      'each rule says so',
    ],
  ] as const
).map(([name, body, finds, why]) => ({ name: `a leaf: ${name}`, finds, why, stack: pki({ leaf: body }) }));

const authorities: CorpusCase[] = (
  [
    ['20 years', { validity_period_hours: 7_300 * 24 }, [], 'the most'],
    ['more than 20 years', { validity_period_hours: 7_300 * 24 + 24 }, [long], 'over the most'],
    [
      'that is none',
      { is_ca_certificate: false },
      [both, signs, long],
      'it signs and is a leaf, for too long',
    ],
    ['on P-224', {}, [weak], 'its key'],
  ] as const
).map(([name, body, finds, why]) => ({
  name: `a CA: ${name}`,
  finds,
  why,
  stack: pki({
    ca: body,
    ...(name === 'on P-224' ? { keys: { ca: key({ ecdsa_curve: 'P224' }) } } : {}),
  }),
}));

const unknown: CorpusCase[] = [
  {
    name: 'a lifetime that a variable without a default gives',
    finds: ['undecidable-value'],
    why: 'only a plan can tell: a warning says so',
    inPlan: false,
    stack: pki({ leaf: { validity_period_hours: '${var.hours}' }, top: { variable: { hours: {} } } }),
  },
  {
    name: 'a self-signed certificate of a server',
    finds: [],
    why: 'one use, no CA, short',
    stack: {
      terraform: encrypted,
      resource: {
        tls_private_key: { x: key() },
        tls_self_signed_cert: {
          x: {
            private_key_pem: '${tls_private_key.x.private_key_pem}',
            allowed_uses: ['digital_signature', 'server_auth'],
            validity_period_hours: 720,
            subject: [{ common_name: 'x' }],
          },
        },
      },
    },
  },
];

export const certificates: readonly CorpusCase[] = [...keys, ...leaves, ...authorities, ...unknown];
