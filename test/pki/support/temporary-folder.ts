import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder that goes when the running test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pki-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a new temporary folder and returns their paths by name. */
export function temporaryFiles<Name extends string>(
  files: Readonly<Record<Name, string>>,
): Record<Name, string> {
  const folder = temporaryFolder();
  const paths = Object.entries<string>(files).map(([name, content]) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return [name, join(folder, name)];
  });
  return Object.fromEntries(paths) as Record<Name, string>;
}
