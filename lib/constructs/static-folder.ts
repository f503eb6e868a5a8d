import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addCustomSynthesis } from 'cdktf/lib/synthesize/synthesizer.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import { Construct } from 'constructs';

/** Contents by path, relative to the folder. */
export type StaticFiles = ReadonlyMap<string, string>;

export interface StaticFolderProps {
  /** What the folder is to hold, and nothing else. */
  readonly files: StaticFiles;
}

/**
 * A folder beside the stack's JSON, written at synth from memory. cdktf's own asset copies a folder from the disk, and
 * its hash leaves out names.
 */
export class StaticFolder extends Construct {
  /** The path from where terraform runs, with a slash at the end: the content is meant, not the folder. */
  readonly path: string;
  readonly files: StaticFiles;

  constructor(scope: Construct, id: string, { files }: StaticFolderProps) {
    super(scope, id);
    this.files = files;
    // The address tells two folders of one stack apart.
    const name = `${id}-${this.node.addr.slice(-8)}`;
    this.path = `assets/${name}/`;
    addCustomSynthesis(this, {
      onSynthesize: ({ manifest, outdir }) => {
        const { workingDirectory } = manifest.forStack(TerraformStack.of(this));
        const folder = join(outdir, workingDirectory, 'assets', name);
        rmSync(folder, { recursive: true, force: true });
        for (const [path, content] of files) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          writeFileSync(join(folder, path), content);
        }
      },
    });
  }
}
