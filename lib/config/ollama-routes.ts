/**
 * The routes of Ollama's API that a service can be given, as data. Source: ollama/ollama server/routes.go at
 * fb307609 (v0.33.0-rc2). Mutating and account routes are left out on purpose: nothing can name what is not here.
 */

/** `read` shows models and versions; `inference` makes the model work. */
export const routeClasses = ['read', 'inference'] as const;
export type RouteClass = (typeof routeClasses)[number];

/** Part of a path that a request chooses, and the only values it may take. */
export interface PathParameter {
  readonly name: string;
  /** A regular expression without anchors, in the syntax that PCRE and JavaScript share. */
  readonly pattern: string;
}

export interface OllamaRoute {
  /** How a configuration names the route. */
  readonly name: string;
  readonly class: RouteClass;
  readonly methods: readonly string[];
  /** Ollama's path. Where the route has a parameter, the path in front of it, ending in `/`. */
  readonly path: string;
  readonly parameter?: PathParameter;
}

const modelParameter: PathParameter = { name: 'model', pattern: '[A-Za-z0-9._:-]{1,128}' };
const digestParameter: PathParameter = { name: 'digest', pattern: 'sha256[:-][0-9a-f]{64}' };

export const ollamaRoutes = [
  { name: 'GET /', class: 'read', methods: ['GET', 'HEAD'], path: '/' },
  { name: 'GET /api/version', class: 'read', methods: ['GET', 'HEAD'], path: '/api/version' },
  { name: 'GET /api/tags', class: 'read', methods: ['GET', 'HEAD'], path: '/api/tags' },
  { name: 'GET /api/status', class: 'read', methods: ['GET'], path: '/api/status' },
  { name: 'GET /api/ps', class: 'read', methods: ['GET'], path: '/api/ps' },
  { name: 'POST /api/show', class: 'read', methods: ['POST'], path: '/api/show' },
  { name: 'GET /v1/models', class: 'read', methods: ['GET'], path: '/v1/models' },
  {
    name: 'GET /v1/models/:model',
    class: 'read',
    methods: ['GET'],
    path: '/v1/models/',
    parameter: modelParameter,
  },
  {
    name: 'HEAD /api/blobs/:digest',
    class: 'read',
    methods: ['HEAD'],
    path: '/api/blobs/',
    parameter: digestParameter,
  },
  { name: 'POST /api/generate', class: 'inference', methods: ['POST'], path: '/api/generate' },
  { name: 'POST /api/chat', class: 'inference', methods: ['POST'], path: '/api/chat' },
  { name: 'POST /api/embed', class: 'inference', methods: ['POST'], path: '/api/embed' },
  { name: 'POST /api/embeddings', class: 'inference', methods: ['POST'], path: '/api/embeddings' },
  { name: 'POST /v1/chat/completions', class: 'inference', methods: ['POST'], path: '/v1/chat/completions' },
  { name: 'POST /v1/completions', class: 'inference', methods: ['POST'], path: '/v1/completions' },
  { name: 'POST /v1/embeddings', class: 'inference', methods: ['POST'], path: '/v1/embeddings' },
  { name: 'POST /v1/responses', class: 'inference', methods: ['POST'], path: '/v1/responses' },
  {
    name: 'POST /v1/audio/transcriptions',
    class: 'inference',
    methods: ['POST'],
    path: '/v1/audio/transcriptions',
  },
  { name: 'POST /v1/messages', class: 'inference', methods: ['POST'], path: '/v1/messages' },
] as const satisfies readonly OllamaRoute[];

export type OllamaRouteName = (typeof ollamaRoutes)[number]['name'];

export const ollamaRouteNames: readonly OllamaRouteName[] = ollamaRoutes.map((route) => route.name);
