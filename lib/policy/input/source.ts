import type { AssetFile } from '../stack.ts';

/** Where a stack is from. */
export interface Source {
  /** What messages call it. */
  readonly name: string;
  /** The folder that terraform runs in. Undefined: not known. */
  readonly folder: string | undefined;
  /** Files of that folder that terraform reads too. */
  readonly beside: readonly string[];
  /** The files of `assets` beside it. */
  readonly files: readonly AssetFile[];
}
