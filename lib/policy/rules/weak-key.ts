import type { Rule, RuleFinding } from '../rule.ts';
import { isGone } from '../terms/firewalls.ts';
import { numberOf, ofType, textOf } from '../values.ts';
import { Unknown } from '../stack.ts';

/** 112 bits of security, the least that NIST SP 800-131A allows, is what RSA of this size gives; P-224 is left out by TLS 1.3. */
const minimumRsaBits = 2_048;
const strongCurves = ['P256', 'P384', 'P521'];

export const weakKey: Rule = {
  id: 'weak-key',
  level: 'error',
  title: 'a key is too weak',
  why: "TLS 1.3 has no P-224 (RFC 8446, 4.2.7), which is the tls provider's default for ECDSA; RSA under 2048 bits can be broken.",
  check: (stack) =>
    ofType(stack.resources, 'tls_private_key')
      .filter((one) => !isGone(one))
      .flatMap(({ address, values }): RuleFinding[] => {
        const curve = values['ecdsa_curve'] ?? null;
        if (
          values['algorithm'] === 'ECDSA' &&
          !(curve instanceof Unknown) &&
          !strongCurves.includes(textOf(curve) ?? '')
        ) {
          return [
            {
              resource: address,
              problem: `it is on ${textOf(curve) ?? "P224, the provider's default"}`,
              fix: "set ecdsa_curve = 'P256'",
            },
          ];
        }
        const bits = numberOf(values['rsa_bits']) ?? minimumRsaBits;
        if (values['algorithm'] !== 'RSA' || bits >= minimumRsaBits) return [];
        return [
          {
            resource: address,
            problem: `it is RSA of ${bits} bits`,
            fix: 'use ECDSA on P256, or RSA of 3072 bits',
          },
        ];
      }),
};
