import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CorpusCase } from '../../test/policy/support/corpus-case.ts';

/** A stack of the corpus in a folder of its own, for tools that read files. */
export interface WrittenCase {
  readonly one: CorpusCase;
  readonly topic: string;
  /** The folder's name, which tools give back in their findings. */
  readonly folder: string;
}

/** Writes every stack to `root`, as cdktf and terraform name such files. */
export async function writeCorpus(
  root: string,
  corpus: Readonly<Record<string, readonly CorpusCase[]>>,
): Promise<WrittenCase[]> {
  const all = Object.entries(corpus).flatMap(([topic, cases]) => cases.map((one) => ({ topic, one })));
  return Promise.all(
    all.map(async ({ topic, one }, index) => {
      const folder = `case-${String(index).padStart(4, '0')}`;
      const name = 'resource_changes' in one.stack ? 'tfplan.json' : 'cdk.tf.json';
      const files = { ...one.files, [name]: JSON.stringify(one.stack, null, 2) };
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, folder, path)), { recursive: true });
        await writeFile(join(root, folder, path), content);
      }
      return { one, topic, folder };
    }),
  );
}
