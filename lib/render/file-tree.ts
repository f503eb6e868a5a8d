/** One file of a machine. */
export interface RenderedFile {
  readonly content: string;
  /** Permission bits on the machine. Rendered files hold no secret. */
  readonly mode: 0o644 | 0o755;
  /** For a reviewer only: it is on no machine. */
  readonly isDocument?: true;
}

/** Files by their path relative to the root of the machine, in the order of their paths. */
export type FileTree = ReadonlyMap<string, RenderedFile>;
