import type { Resource, Stack } from '../stack.ts';
import { addressOf, isTrue, withoutIndexes } from '../values.ts';

/** What a deployment cannot lose without harm: droplets, CAs and the keys of CAs, as they are before a plan. */
export function preciousResources(stack: Stack): { readonly resource: Resource; readonly words: string }[] {
  const authorities = stack.resources.filter(
    ({ type, isData, values, before }) =>
      !isData &&
      (type === 'tls_self_signed_cert' || type === 'tls_locally_signed_cert') &&
      (isTrue(values['is_ca_certificate']) || isTrue(before?.['is_ca_certificate'])),
  );
  const keys = new Set(authorities.flatMap((one) => one.references('private_key_pem')).map(addressOf));
  return stack.resources.flatMap((resource) => {
    if (resource.isData) return [];
    if (resource.type === 'digitalocean_droplet') return [{ resource, words: 'the droplet' }];
    if (authorities.includes(resource)) return [{ resource, words: 'the CA' }];
    return resource.type === 'tls_private_key' && keys.has(withoutIndexes(resource.address))
      ? [{ resource, words: "the CA's key" }]
      : [];
  });
}
