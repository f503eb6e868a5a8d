import type { Resource, Stack } from '../stack.ts';
import { isTrue, itemsOf, ofType, textOf } from '../values.ts';
import { isGone } from './firewalls.ts';

export interface Certificate {
  readonly resource: Resource;
  readonly isAuthority: boolean;
  readonly uses: readonly string[];
  /** Undefined: not known. */
  readonly isKnown: boolean;
}

/** Certificates of terraform's tls provider that a stack makes. */
export function certificatesOf(stack: Stack): Certificate[] {
  return ofType(stack.resources, 'tls_self_signed_cert', 'tls_locally_signed_cert')
    .filter((resource) => !isGone(resource))
    .map((resource) => {
      const uses = itemsOf(resource.values['allowed_uses']).map(textOf);
      return {
        resource,
        isAuthority: isTrue(resource.values['is_ca_certificate']),
        uses: uses.filter((use) => use !== undefined),
        isKnown: uses.every((use) => use !== undefined),
      };
    });
}
