// Ollama's API a second time, apart from lib/config/ollama-routes.ts: what the tests hold that list against. Source:
// server/routes.go of ollama/ollama at fb307609 (v0.33.0-rc2).

import type { OllamaRoute } from '../../../lib/config/ollama-routes.ts';

export interface ApiRoute {
  readonly class: 'read' | 'inference' | 'mutating' | 'account';
  readonly methods: readonly string[];
  /** A path as a request has it, with a value in place of a parameter. */
  readonly path: string;
}

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

const route = (kind: ApiRoute['class'], methods: string, ...paths: readonly string[]): ApiRoute[] =>
  paths.map((path) => ({ class: kind, methods: methods.split('/'), path }));

export const ollamaApi: readonly ApiRoute[] = [
  ...route('read', 'GET/HEAD', '/', '/api/version', '/api/tags'),
  ...route('read', 'GET', '/api/status', '/api/ps', '/v1/models', '/v1/models/llama3.2:3b'),
  ...route('read', 'POST', '/api/show'),
  ...route('read', 'HEAD', `/api/blobs/${digest}`),
  ...route('inference', 'POST', '/api/generate', '/api/chat', '/api/embed', '/api/embeddings'),
  ...route('inference', 'POST', '/v1/chat/completions', '/v1/completions', '/v1/embeddings'),
  ...route('inference', 'POST', '/v1/responses', '/v1/audio/transcriptions', '/v1/messages'),
  ...route('mutating', 'POST', '/api/pull', '/api/push', '/api/create', '/api/copy', `/api/blobs/${digest}`),
  ...route('mutating', 'DELETE', '/api/delete'),
  ...route('account', 'POST', '/api/me', '/api/signout'),
  ...route('account', 'POST', '/api/experimental/web_search', '/api/experimental/web_fetch'),
  ...route('account', 'DELETE', '/api/user/keys/key1'),
  ...route('account', 'GET', '/api/experimental/model-recommendations'),
];

/** Paths that Ollama does not have today. */
export const unknownPaths: readonly string[] = [
  '/api',
  '/api/unknown',
  '/v1',
  '/v2/models',
  '/debug/pprof/',
  '/metrics',
];

/** What each service of the test configuration may call. */
export const mayCall: Readonly<Record<string, (method: string, path: string) => boolean>> = {
  ci: (method, path) => isIn(['read', 'inference'], method, path),
  reader: (method, path) => isIn(['read'], method, path),
  inferrer: (method, path) => isIn(['inference'], method, path),
  narrow: (method, path) =>
    (path === '/api/tags' && (method === 'GET' || method === 'HEAD')) ||
    (path === '/api/chat' && method === 'POST') ||
    (path === '/v1/models/llama3.2:3b' && method === 'GET'),
};

function isIn(classes: readonly string[], method: string, path: string): boolean {
  return ollamaApi.some(
    (known) => known.path === path && known.methods.includes(method) && classes.includes(known.class),
  );
}

/** Whether a path is of routes that show something by GET or HEAD alone: the gateway takes no body there. */
export function takesNoBody(path: string): boolean {
  const open = ollamaApi.filter(
    (known) => known.path === path && (known.class === 'read' || known.class === 'inference'),
  );
  return open.length > 0 && open.every(({ methods }) => !methods.includes('POST'));
}

/** A route's path at the gateway, with a value in place of a parameter. */
export function publicPath({ path, parameter }: Pick<OllamaRoute, 'path' | 'parameter'>): string {
  const values: Readonly<Record<string, string>> = { model: 'qwen2.5-coder:7b', digest };
  return `/ollama${path}${parameter === undefined ? '' : (values[parameter.name] ?? '')}`;
}
