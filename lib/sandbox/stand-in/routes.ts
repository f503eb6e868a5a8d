import * as administration from './administration.ts';
import { messages } from './anthropic-messages.ts';
import { embed, embeddings, openAiEmbeddings } from './embeddings.ts';
import type { ErrorForm, Handler } from './exchange.ts';
import { chat, generate } from './ollama-inference.ts';
import { chatCompletions, completions } from './openai-inference.ts';
import * as read from './read-routes.ts';
import { responses } from './responses.ts';
import { transcriptions } from './transcriptions.ts';

/** What a route does to a real server. */
export type StandInRouteClass = 'read' | 'inference' | 'mutating' | 'account';

/** A route of Ollama 0.33 (server/routes.go). */
export interface StandInRoute {
  readonly methods: readonly string[];
  /** A part that begins with `:` stands for any one segment. */
  readonly path: string;
  readonly routeClass: StandInRouteClass;
  readonly errors: ErrorForm;
  readonly handler: Handler;
}

type Row = readonly [methods: string, path: string, handler: Handler];

const rows: Readonly<Record<StandInRouteClass, readonly Row[]>> = {
  read: [
    ['GET HEAD', '/', read.root],
    ['GET HEAD', '/api/version', read.version],
    ['GET HEAD', '/api/tags', read.tags],
    ['GET', '/api/status', read.status],
    ['GET', '/api/ps', read.running],
    ['POST', '/api/show', read.show],
    ['HEAD', '/api/blobs/:digest', read.headBlob],
    ['GET', '/v1/models', read.openAiModels],
    ['GET', '/v1/models/:model', read.openAiModelByName],
  ],
  inference: [
    ['POST', '/api/generate', generate],
    ['POST', '/api/chat', chat],
    ['POST', '/api/embed', embed],
    ['POST', '/api/embeddings', embeddings],
    ['POST', '/v1/chat/completions', chatCompletions],
    ['POST', '/v1/completions', completions],
    ['POST', '/v1/embeddings', openAiEmbeddings],
    ['POST', '/v1/responses', responses],
    ['POST', '/v1/audio/transcriptions', transcriptions],
    ['POST', '/v1/messages', messages],
  ],
  mutating: [
    ['POST', '/api/pull', administration.pull],
    ['POST', '/api/push', administration.push],
    ['POST', '/api/create', administration.create],
    ['POST', '/api/copy', administration.copy],
    ['POST', '/api/blobs/:digest', administration.createBlob],
    ['DELETE', '/api/delete', administration.remove],
  ],
  account: [
    ['POST', '/api/me', administration.whoAmI],
    ['POST', '/api/signout', administration.signOut],
    ['POST', '/api/experimental/web_search', administration.cloud],
    ['POST', '/api/experimental/web_fetch', administration.cloud],
    ['DELETE', '/api/user/keys/:key', administration.signOut],
    ['GET', '/api/experimental/model-recommendations', administration.recommendations],
  ],
};

/** Every route of the stand-in. */
export const standInRoutes: readonly StandInRoute[] = Object.entries(rows).flatMap(([routeClass, list]) =>
  list.map(([methods, path, handler]) => ({
    methods: methods.split(' '),
    path,
    routeClass: routeClass as StandInRouteClass,
    errors: errorForm(path),
    handler,
  })),
);

function errorForm(path: string): ErrorForm {
  if (path === '/v1/messages') return 'anthropic';
  return path.startsWith('/v1/') ? 'openai' : 'ollama';
}

/** A route that was found, with the values of its parts; or the methods that the path has instead. */
export type RouteMatch =
  | { readonly route: StandInRoute; readonly parameters: Record<string, string> }
  | { readonly allowed: readonly string[] };

/** Finds the route of a decoded path. Undefined for a path that no route has. */
export function matchRoute(method: string, path: string): RouteMatch | undefined {
  const allowed: string[] = [];
  for (const route of standInRoutes) {
    const parameters = matchPath(route.path, path);
    if (parameters === undefined) continue;
    if (route.methods.includes(method)) return { route, parameters };
    allowed.push(...route.methods);
  }
  return allowed.length > 0 ? { allowed } : undefined;
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, got] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== got.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = got[index] ?? '';
    if (part.startsWith(':') && value !== '') parameters[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return parameters;
}
