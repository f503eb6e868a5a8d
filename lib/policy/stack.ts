/** What rules see: one view over terraform's JSON configuration and over a plan. Parsed once, plain data after that. */

/** What a value is that terraform alone can tell, or tells only at apply. */
export class Unknown {
  /** What it refers to, as `TYPE.NAME.ATTRIBUTE`, `var.NAME`, `data.TYPE.NAME.ATTRIBUTE`; indexes are left out. */
  readonly references: readonly string[];
  /** What it is made of, as far as that can be read: texts, values of objects, other unknown values. */
  readonly parts: readonly Value[];
  /** Whether a plan marks it as sensitive. */
  readonly isSensitive: boolean;
  /** The function whose result it is, such as jsonencode. */
  readonly call: string | undefined;

  constructor(
    references: readonly string[],
    parts: readonly Value[] = [],
    more: { readonly isSensitive?: boolean; readonly call?: string } = {},
  ) {
    this.references = references;
    this.parts = parts;
    this.isSensitive = more.isSensitive ?? false;
    this.call = more.call;
  }
}

export type Value = string | number | boolean | null | readonly Value[] | Block | Unknown;

/** An object or a block of terraform. */
export interface Block {
  readonly [name: string]: Value;
}

export interface Provisioner {
  /** Such as remote-exec. */
  readonly type: string;
  readonly values: Block;
  /** Its own connection; undefined: that of its resource. */
  readonly connection: Block | undefined;
}

export interface Resource {
  readonly type: string;
  readonly name: string;
  /** As terraform prints it, with module and index. */
  readonly address: string;
  readonly isData: boolean;
  /** Arguments and blocks without terraform's own (count, lifecycle, …). A block that stands once may be no list. */
  readonly values: Block;
  /** Everything that an argument refers to, also where its value is known. */
  references(attribute: string): readonly string[];
  /** Resources that terraform makes before this one, by address without an index; not what those need in turn. */
  readonly dependencies: readonly string[];
  readonly provisioners: readonly Provisioner[];
  readonly connection: Block | undefined;
  /** What a plan does with it, such as `['delete', 'create']`. Undefined: no plan. */
  readonly actions: readonly string[] | undefined;
  /** What it was before the plan. */
  readonly before: Block | undefined;
}

export interface Output {
  readonly name: string;
  readonly isSensitive: boolean;
  readonly value: Value;
}

export interface Variable {
  readonly name: string;
  readonly isSensitive: boolean;
  readonly default: Value | undefined;
}

/** A file beside the stack that is brought to a machine. */
export interface AssetFile {
  /** What findings call it: where it is on the machine, or its path where that is not known. */
  readonly name: string;
  /** Its path from the stack's folder. */
  readonly path: string;
  /** Where it is on the machine, without the first slash; undefined for one that is not below `files/`. */
  readonly machinePath: string | undefined;
  readonly content: string;
}

export interface Stack {
  /** What messages call it: the file's path. */
  readonly name: string;
  /** The folder that terraform runs in. Undefined: not known. */
  readonly folder: string | undefined;
  /** Files of the folder that terraform reads too, and that are not in this view. */
  readonly beside: readonly string[];
  readonly form: 'configuration' | 'plan';
  /** Managed resources and data sources. */
  readonly resources: readonly Resource[];
  readonly outputs: readonly Output[];
  readonly variables: readonly Variable[];
  /** What modules are called with. */
  readonly modules: readonly { readonly name: string; readonly values: Block }[];
  readonly providers: readonly { readonly name: string; readonly values: Block }[];
  readonly locals: Block;
  /** The block `terraform`; undefined in a plan, which does not have it. */
  readonly terraform: Block | undefined;
  /** What the file itself acknowledges, unchecked. */
  readonly acknowledgements: unknown;
  readonly files: readonly AssetFile[];
}

/** What rules must be told beside the stack. */
export interface Circumstances {
  /** Ports of Ollama. */
  readonly modelPorts: readonly number[];
  /** The day that is taken for today. */
  readonly now: Date;
}
