import type { Rule } from '../rule.ts';
import { dropletsOf } from '../terms/firewalls.ts';
import { addressOf, leavesOf } from '../values.ts';

const certificateTypes =
  /^(?:tls_locally_signed_cert|tls_self_signed_cert|tls_cert_request|tls_certificate|acme_certificate|digitalocean_certificate|vault_pki_secret_backend_\w+)$/;

export const userDataDependsOnCertificate: Rule = {
  id: 'user-data-depends-on-certificate',
  level: 'error',
  title: 'user_data depends on a certificate',
  why: 'A certificate is renewed, user_data changes with it, and terraform then replaces the droplet with all that is on it.',
  check: (stack) =>
    dropletsOf(stack).flatMap(({ resource, values, argument }) => {
      const references = [
        ...leavesOf(values['user_data']).flatMap(({ reference }) =>
          reference === undefined ? [] : [reference],
        ),
        ...resource.references(argument('user_data')),
      ];
      const found = [...new Set(references.map(addressOf))].filter((address) =>
        certificateTypes.test(address.split('.').at(-2) ?? ''),
      );
      return found.map((address) => ({
        resource: resource.address,
        problem: `user_data refers to ${address}`,
        fix: 'bring certificates with a release, over SSH',
      }));
    }),
};
