import type { KeyObject, X509Certificate } from 'node:crypto';
import { unsupportedLeafKey } from '../messages/pki.ts';
import { issueClient, issueServer, type Authority } from './authority.ts';
import { exists, writeKey, type PairPaths, type PkiPaths } from './files.ts';
import { coversExactly, speaksFor } from './fitness.ts';
import type { Identity } from './identity.ts';
import { generateKey, isP256 } from './keys.ts';
import { loadKey } from './load.ts';

/** The certificates that a stack needs. */
export interface WantedPki {
  /** The stack's name: the organisation (O) of the CA and of the server's subject. */
  readonly stack: string;
  readonly ca: { readonly commonName: string; readonly lifetimeDays: number };
  readonly server: {
    readonly serverNames: readonly string[];
    readonly addresses: readonly string[];
    readonly lifetimeDays: number;
  };
  readonly clients: readonly { readonly identity: Identity; readonly lifetimeDays: number }[];
}

/** One leaf certificate of this folder: where it is, whether what is there will do, and how to issue it. */
export interface Leaf {
  readonly paths: PairPaths;
  readonly lifetimeDays: number;
  /** Undefined for the server. */
  readonly identity?: Identity;
  readonly fits: (certificate: X509Certificate) => boolean;
  readonly issue: (authority: Authority, publicKey: KeyObject) => Promise<string>;
}

export function serverLeaf(
  paths: PkiPaths,
  { stack, server }: Pick<WantedPki, 'stack' | 'server'>,
  now: Date,
): Leaf {
  return {
    paths: paths.server,
    lifetimeDays: server.lifetimeDays,
    fits: (certificate) =>
      certificate.subject.split('\n')[0] === `O=${stack}` &&
      coversExactly(certificate, server.serverNames, server.addresses),
    issue: (authority, publicKey) =>
      issueServer(authority, { ...server, organization: stack, now, publicKey }),
  };
}

export function clientLeaf(paths: PkiPaths, client: WantedPki['clients'][number], now: Date): Leaf {
  const { identity, lifetimeDays } = client;
  return {
    paths: paths.client(identity),
    lifetimeDays,
    identity,
    fits: (certificate) => speaksFor(certificate, identity),
    issue: (authority, publicKey) => issueClient(authority, { identity, lifetimeDays, now, publicKey }),
  };
}

/** The key in a file, made if there is none. Of several processes that make one, the first one's stays. */
export async function ensureKey(path: string): Promise<KeyObject> {
  if (!exists(path)) {
    const made = await generateKey();
    if (writeKey(path, made)) return made;
  }
  const key = loadKey(path);
  if (!isP256(key)) throw unsupportedLeafKey(path);
  return key;
}
