import type { StackConfig } from '../../config/schema.ts';

/** A model that the machine is to have. */
export interface Model {
  /** What the program that fetches it takes: `REGISTRY/REPOSITORY:TAG`, and `@sha256:HEX` where a digest is pinned. */
  readonly reference: string;
}

/** The user and group that fetch models: the packet filter lets the group reach registries. */
export const modelsGroup = 'hardening-models';

/** Names the registry, the namespace and the tag that a short name leaves out, as Ollama does (types/model/name.go). */
export function models({ models }: StackConfig['ollama']): readonly Model[] {
  return models.map(({ name, digest }) => {
    const [path = '', tag = 'latest'] = name.split(':');
    const parts = path.split('/');
    const repository =
      parts.length > 2
        ? path
        : ['registry.ollama.ai', parts.length === 1 ? `library/${path}` : path].join('/');
    return { reference: `${repository}:${tag}${digest === undefined ? '' : `@${digest}`}` };
  });
}
