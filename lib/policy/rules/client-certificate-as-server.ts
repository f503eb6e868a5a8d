import type { Rule, RuleFinding } from '../rule.ts';
import { certificatesOf } from '../terms/certificates.ts';

export const clientCertificateAsServer: Rule = {
  id: 'client-certificate-as-server',
  level: 'error',
  title: 'a certificate is good for client and server alike',
  why:
    'Whoever has the key of one service could then pose as the gateway to all others. A certificate without an ' +
    'extended key usage is taken for every purpose by OpenSSL.',
  check: (stack) =>
    certificatesOf(stack).flatMap(({ resource, isAuthority, uses, isKnown }): RuleFinding[] => {
      if (isAuthority || !isKnown) return [];
      const has = (use: string): boolean => uses.includes(use) || uses.includes('any_extended');
      const fix = "give it 'digital_signature' and one of 'client_auth' and 'server_auth'";
      if (has('client_auth') && has('server_auth')) {
        return [
          {
            resource: resource.address,
            problem: `it may be used as client and as server: ${uses.join(', ')}`,
            fix,
          },
        ];
      }
      return has('client_auth') || has('server_auth') || uses.some((use) => extendedUses.includes(use))
        ? []
        : [{ resource: resource.address, problem: 'it has no extended key usage, and so every one', fix }];
    }),
};

/** Extended key usages that are neither (RFC 5280, 4.2.1.12). */
const extendedUses = [
  'code_signing',
  'email_protection',
  'timestamping',
  'ocsp_signing',
  'ipsec_end_system',
  'ipsec_tunnel',
  'ipsec_user',
];
