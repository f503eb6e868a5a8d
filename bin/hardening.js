#!/usr/bin/env node
// A clone runs from its source, so that no stale build is used by mistake; the package holds the build alone.
import { existsSync } from 'node:fs';

const source = new URL('../lib/cli/main.ts', import.meta.url);
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api');
  register();
  await import(source.href);
} else {
  await import(new URL('../dist/lib/cli/main.js', import.meta.url).href);
}
