import type { Accepted, KeyMode } from './identities-keys.ts';

/** Which resources of terraform belong to what, by short names: see identities-plan.ts. */
export interface Resources {
  /** Those of one identity alone. */
  readonly of: (service: string, generation: number) => readonly string[];
  /** Those of a CA, by its number. */
  readonly ofAuthority: (authority: number) => readonly string[];
  /** What another CA or its age replaces of a leaf. */
  readonly certificatesOf: (...leaves: readonly string[]) => readonly string[];
}

/** @returns nothing at all where the CA is a folder: the release is the one resource beside the machine's */
export function resourcesOf(mode: KeyMode): Resources {
  if (mode === 'external') return { of: () => [], ofAuthority: () => [], certificatesOf: () => [] };
  const kinds = mode === 'managed' ? ['certificate', 'key', 'request'] : ['certificate'];
  return {
    of: (service, generation) => kinds.map((kind) => `${leafOf({ service, generation })} ${kind}`),
    ofAuthority: (authority) => {
      const name = authority === 1 ? 'authority' : `authority-${authority}`;
      return [`${name} certificate`, `${name} key`];
    },
    certificatesOf: (...leaves) => leaves.map((leaf) => `${leaf} certificate`),
  };
}

export const leafOf = ({ service, generation }: Accepted): string => `service-${service}-${generation}`;
