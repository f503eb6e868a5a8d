import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../../lib/config/parse.ts';
import { synthesize } from '../../../stacks/synthesize.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { StackInput } from '../../support/test-gateway.ts';

/** A block of terraform's JSON. */
export type Block = Readonly<Record<string, unknown>>;

/** What terraform gets for one stack. */
export interface Synthesized {
  readonly text: string;
  readonly json: Block;
  /** All resources of a type. */
  all(type: string): Block[];
  /** The only resource of a type, or the only one of it that has a part of a name in its own. */
  one(type: string, part?: string): Block;
  /** Every `type.name` of a resource, sorted. */
  readonly addresses: readonly string[];
}

/** Synthesizes one stack as `npm run synth` does, in a folder that is gone afterwards. */
export async function synthesized(name: string, input: StackInput): Promise<Synthesized> {
  const folder = await temporaryFolder();
  try {
    synthesize(parseConfig({ stacks: { [name]: input } }, 'test'), folder.path);
    return await readSynthesized(folder.path, name);
  } finally {
    await folder.remove();
  }
}

/** Reads what was synthesized into a folder. */
export async function readSynthesized(folder: string, name: string): Promise<Synthesized> {
  return read(await readFile(join(folder, 'stacks', name, 'cdk.tf.json'), 'utf8'));
}

function read(text: string): Synthesized {
  const json = JSON.parse(text) as Block;
  const resources = (json['resource'] ?? {}) as Record<string, Record<string, Block>>;
  const all = (type: string): Block[] => Object.values(resources[type] ?? {});
  return {
    text,
    json,
    all,
    one: (type, part = '') => {
      const found = Object.entries(resources[type] ?? {}).filter(([name]) => name.includes(part));
      const [only, ...others] = found;
      if (only === undefined || others.length > 0) throw new Error(`not one ${type}: ${found.length}`);
      return only[1];
    },
    addresses: Object.entries(resources)
      .flatMap(([type, named]) => Object.keys(named).map((resource) => `${type}.${resource}`))
      .sort(),
  };
}

/** The value at a path. */
export function at(block: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], block);
}
