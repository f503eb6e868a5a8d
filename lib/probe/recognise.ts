import type { HttpReply } from './http.ts';
import type { Service } from './types.ts';

/** The paths at which an Ollama answers, its own and those behind a gateway's prefix. */
export const ollamaPaths = [
  '/',
  '/api/version',
  '/api/tags',
  '/v1/models',
  '/ollama/api/version',
  '/ollama/api/tags',
  '/ollama/v1/models',
] as const;

/** A Host that Ollama takes from anyone on a loopback address, where it refuses foreign ones. */
export const localHost = 'localhost:11434';

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the message of an error in Ollama's form, `{"error": "…"}` or, for the /v1 routes, `{"error": {"message": "…"}}`,
 * else undefined.
 */
export function ollamaError(reply: HttpReply): string | undefined {
  const error = parseObject(reply.body)?.['error'];
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  return typeof error.message === 'string' ? error.message : undefined;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/**
 * Returns in words what shows that Ollama wrote this answer, else undefined. Judged by content, because a 200 alone may
 * come from anything: the banner of `/`, and the shapes of `/api/version`, `/api/tags` and `/v1/models` in Ollama's
 * server/routes.go and openai/openai.go.
 */
export function ollamaEvidence(path: string, reply: HttpReply): string | undefined {
  if (reply.status !== 200) return undefined;
  const text = reply.body.trim();
  if (text === 'Ollama is running') return '"Ollama is running"';
  const route = path.replace(/^\/ollama(?=\/)/, '');
  // A list of many models is longer than what is read: its beginning has to do.
  if (reply.truncated) {
    if (route === '/api/tags' && /^\{"models":\[\{"name":"/.test(text)) return 'a list of models';
    if (route === '/v1/models' && /^\{"object":"list","data":\[\{"id":"/.test(text))
      return 'a list of models';
    return undefined;
  }
  const value = parseObject(text);
  if (value === undefined) return undefined;
  const keys = Object.keys(value);
  // LiveReview has an /api/version too, with more keys than this one.
  if (route === '/api/version' && keys.length === 1 && typeof value['version'] === 'string') {
    return `Ollama ${value['version']}`;
  }
  const { models, data } = value;
  if (route === '/api/tags' && keys.length === 1 && Array.isArray(models)) {
    return count(models.length, 'model');
  }
  if (route === '/v1/models' && value['object'] === 'list' && (data === null || Array.isArray(data))) {
    return count(data?.length ?? 0, 'model');
  }
  return undefined;
}

/** Returns the text of an HTML page's title. */
export function htmlTitle(body: string): string | undefined {
  return /<title[^>]*>([^<]{1,200})/i.exec(body)?.[1]?.trim();
}

/**
 * Names the program that wrote this answer. Open WebUI: title of its src/app.html, `name` of its /api/config. LiveReview:
 * its title; its API says its commit at /api/version.
 */
export function recognise(path: string, reply: HttpReply): Service {
  // A version alone may be that of any program.
  if (path !== '/api/version' && ollamaEvidence(path, reply) !== undefined) return 'ollama';
  const title = htmlTitle(reply.body) ?? '';
  const value = parseObject(reply.body);
  if (/open webui/i.test(title)) return 'open-webui';
  if (path === '/api/config' && typeof value?.['name'] === 'string' && /open webui/i.test(value['name'])) {
    return 'open-webui';
  }
  if (/livereview/i.test(title)) return 'livereview';
  if (path === '/api/version' && value !== undefined && 'version' in value) {
    if (Object.keys(value).some((key) => /^git_?commit$/i.test(key))) return 'livereview';
  }
  return 'http';
}
