import type { Rule, RuleFinding } from '../rule.ts';
import { certificatesOf } from '../terms/certificates.ts';

export const leafThatSigns: Rule = {
  id: 'leaf-that-signs',
  level: 'error',
  title: 'a certificate for a service could sign others',
  why: 'Whoever has its key makes identities of their own, for any service and without end.',
  check: (stack) =>
    certificatesOf(stack).flatMap(({ resource, isAuthority, uses }): RuleFinding[] => {
      const signs = uses.filter((use) => use === 'cert_signing' || use === 'crl_signing');
      if (resource.type === 'tls_locally_signed_cert' && isAuthority) {
        return [
          {
            resource: resource.address,
            problem: 'it is a CA below another one, without a limit to what it may sign',
            fix: 'set is_ca_certificate = false; a CA of your own belongs into its own stack',
          },
        ];
      }
      if (isAuthority || signs.length === 0) return [];
      return [
        {
          resource: resource.address,
          problem: `it has ${signs.join(' and ')} and is no CA`,
          fix: "leave 'cert_signing' and 'crl_signing' out of allowed_uses",
        },
      ];
    }),
};
