/** A small stack of the corpus, and what is to be found in it. */
export interface CorpusCase {
  /** What it is, in words. */
  readonly name: string;
  /** The rules that do not hold, all of them; none: it is safe. */
  readonly finds: readonly string[];
  /** Why that is so. */
  readonly why: string;
  /** Terraform's JSON configuration, or a plan where it has resource_changes. */
  readonly stack: Block;
  /** Files of the folder beside the stack, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Names of other files in the stack's folder. */
  readonly beside?: readonly string[];
  /** Whether a plan shows the same. By default it does, for a configuration. */
  readonly inPlan?: boolean;
  /** Ports of Ollama beside 11434. */
  readonly modelPorts?: readonly number[];
}

/** A part of terraform's JSON. */
export interface Block {
  readonly [name: string]: unknown;
}
