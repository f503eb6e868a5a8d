import type { ConfigInput } from './schema.ts';

/**
 * Types a configuration in the editor and returns it as it is. It checks nothing at run time: the commands do, when
 * they read the file, and report every problem at once.
 */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
