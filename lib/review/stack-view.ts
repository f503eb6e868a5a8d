import { stackSchema, type StackConfig } from '../config/schema.ts';
import type { Deployment } from '../model/deployment.ts';
import { resolve } from '../model/resolve.ts';

/** A stack as it is at one time. */
export interface StackView {
  readonly stack: StackConfig;
  readonly deployment: Deployment;
  /** The text of a file beside the configuration; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

/** The view of a checked stack. */
export function stackView(name: string, stack: StackConfig, read: StackView['read']): StackView {
  return { stack, deployment: resolve(name, stack), read };
}

/** What a stack that is added is compared with: every default, and nobody let in. */
export function emptyView(name: string, added: StackConfig): StackView {
  const { serverNames } = added.gateway;
  const stack = stackSchema.parse({ gateway: { serverNames }, services: {} });
  return stackView(name, stack, () => undefined);
}
