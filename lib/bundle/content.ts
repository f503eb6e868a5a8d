import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { StackConfig } from '../config/schema.ts';
import type { Deployment } from '../model/deployment.ts';
import { distinguishedName } from '../pki/identity.ts';
import { forwarderListen, resolveForwarder, type Forwarder, type ForwarderWish } from './forwarder.ts';
import type { IdentityMaterial } from './material.ts';
import { renderForwarder } from './render-forwarder.ts';

/** What a bundle says of itself, in bundle.json. No secret. */
export const bundleDescription = z.strictObject({
  format: z.literal(1),
  stack: z.string(),
  service: z.string(),
  generation: z.int(),
  /** The subject of its certificate, as nginx prints it. */
  distinguishedName: z.string(),
  version: z.string().regex(/^[0-9a-f]{16}$/),
  gateway: z.strictObject({ name: z.string(), address: z.string(), port: z.int() }),
  /** How the forwarder listens: a renewal keeps it unless told otherwise. */
  listen: forwarderListen,
  /** Whether the key is beside the bundle, since the service's host keeps it. */
  keyIsBeside: z.boolean(),
});
export type BundleDescription = z.infer<typeof bundleDescription>;

/** All files of one version of a bundle, by their path in it. */
export interface BundleContent {
  readonly description: BundleDescription;
  readonly forwarder: Forwarder;
  readonly files: ReadonlyMap<string, string>;
}

const anyVersion = '0'.repeat(16);

/**
 * Puts the files of a bundle together. Pure. The version's name is a hash over all of them but the key, which belongs
 * to the certificate: another certificate, CA, forwarder or kit is another version.
 */
export function bundleContent(
  deployment: Deployment,
  { pki }: StackConfig,
  wish: ForwarderWish,
  material: IdentityMaterial,
): BundleContent {
  const filesOf = (version: string): { forwarder: Forwarder; rendered: Map<string, string> } => {
    const forwarder = resolveForwarder(deployment, pki.expiryNoticeDays, wish, version);
    return { forwarder, rendered: renderForwarder(forwarder) };
  };
  const hash = createHash('sha256');
  for (const part of [material.certificate, material.ca, ...[...filesOf(anyVersion).rendered].flat()])
    hash.update(`${Buffer.byteLength(part)}:${part}`);
  const version = hash.digest('hex').slice(0, 16);
  const { forwarder, rendered } = filesOf(version);
  const { name, connect } = forwarder.gateway;
  const description: BundleDescription = {
    format: 1,
    ...wish.identity,
    distinguishedName: distinguishedName(wish.identity),
    version,
    gateway: { name, ...connect },
    listen: wish.listen,
    keyIsBeside: wish.keyIsBeside,
  };
  return {
    description,
    forwarder,
    files: new Map([
      ['bundle.json', `${JSON.stringify(description, null, 2)}\n`],
      ['certificate.pem', material.certificate],
      ['ca.pem', material.ca],
      ...(material.key === undefined ? [] : [['key.pem', material.key] as const]),
      ...rendered,
    ]),
  };
}
