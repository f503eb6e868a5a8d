import type { ExternalFolder, TrustedFolderAuthority } from '../pki/external.ts';

/** What was read from files beside the configuration, and checked: all of it is public. */
export interface PublicParts {
  /** Certificate requests as PEM, by their paths in the configuration. */
  readonly requests: ReadonlyMap<string, string>;
  /**
   * The folder of the CA that issues, in mode 'external'. Its `secretsDirectory` is the folder with the keys of server
   * and health as terraform sees it when it runs: a path from there, or an expression that gives one.
   */
  readonly external: ExternalFolder | undefined;
  /** The CAs of further folders. */
  readonly trusted: readonly TrustedFolderAuthority[];
}

/** For a stack that names no files. */
export const noPublicParts: PublicParts = { requests: new Map(), external: undefined, trusted: [] };
