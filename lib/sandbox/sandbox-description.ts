import type { Deployment } from '../model/deployment.ts';
import type { Pki } from '../pki/inventory.ts';
import type { Gateway } from './gateway.ts';
import { loopback } from './ports.ts';
import type { Upstream } from './upstream.ts';

/** What sandbox.json says, for scripts. A changed meaning raises `version`. */
export interface SandboxDescription {
  readonly version: 1;
  readonly gateway: { readonly address: string; readonly port: number; readonly serverName: string };
  /** Null where the configuration leaves the plain port closed. */
  readonly plain: { readonly address: string; readonly port: number } | null;
  readonly upstream: { readonly url: string; readonly kind: Upstream['kind'] };
  /** `key` is null where `--pki` names a CA without its key. */
  readonly ca: { readonly certificate: string; readonly key: string | null };
  readonly identities: Readonly<
    Record<
      string,
      {
        readonly certificate: string;
        readonly key: string;
        readonly distinguishedName: string;
        readonly generation: number;
      }
    >
  >;
  /** The folder with the rendered files that nginx runs. */
  readonly tree: string;
  readonly pids: { readonly sandbox: number; readonly nginx: number };
}

/** Describes a running sandbox. */
export function sandboxDescription(
  { gateway }: Deployment,
  pki: Pki,
  upstream: Upstream,
  running: Gateway,
): SandboxDescription {
  return {
    version: 1,
    gateway: { ...gateway.listen, serverName: gateway.servedNames[0] ?? loopback },
    plain: gateway.plainListen ?? null,
    upstream: { url: upstream.url, kind: upstream.kind },
    ca: { certificate: pki.ca.certificate, key: pki.ca.key ?? null },
    identities: Object.fromEntries(
      pki.clients.map(({ service, certificate, key, distinguishedName, generation }) => [
        service,
        { certificate, key, distinguishedName, generation },
      ]),
    ),
    tree: running.tree,
    pids: { sandbox: process.pid, nginx: running.pid },
  };
}
