import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ErrorForm, Exchange } from './exchange.ts';

/** Answers with JSON. */
export function sendJson({ response }: Exchange, value: unknown, status = 200): void {
  sendWhole(response, status, 'application/json; charset=utf-8', JSON.stringify(value));
}

/** Answers with text. */
export function sendText({ response }: Exchange, text: string, status = 200): void {
  sendWhole(response, status, 'text/plain; charset=utf-8', text);
}

/** Answers with a status and no body. */
export function sendStatus({ response }: Exchange, status: number): void {
  response.writeHead(status, status === 204 ? {} : { 'Content-Length': 0 }).end();
}

function sendWhole(response: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length }).end(body);
}

/** One piece of a stream, as it goes over the wire. */
export interface StreamFormat {
  readonly contentType: string;
  readonly encode: (value: unknown) => string;
}

/** One JSON object a line: Ollama's own streams. */
export const ndjson: StreamFormat = {
  contentType: 'application/x-ndjson',
  encode: (value) => `${JSON.stringify(value)}\n`,
};

/** Server-sent events without a name: OpenAI's streams. Text is sent as it is: `[DONE]`. */
export const dataEvents: StreamFormat = {
  contentType: 'text/event-stream',
  encode: (value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`,
};

/** Server-sent events named after their `type`: Anthropic's streams, and those of OpenAI's responses. */
export const namedEvents: StreamFormat = {
  contentType: 'text/event-stream',
  encode: (value) => `event: ${(value as { type: string }).type}\ndata: ${JSON.stringify(value)}\n\n`,
};

/** Sends values as they come, each at once, no faster than the client reads. Throws AbortError when it is gone. */
export async function sendStream(
  { response, gone }: Exchange,
  format: StreamFormat,
  values: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': format.contentType });
  for await (const value of values) {
    if (!response.write(format.encode(value))) await once(response, 'drain', { signal: gone });
  }
  response.end();
}

/** The reply's text, token by token, with the stand-in's delay before each; ends early when the client is gone. */
export async function* generatedTokens(
  { state, gone }: Exchange,
  limit: number | undefined,
): AsyncGenerator<string, void, undefined> {
  for (const token of tokensOf(state.reply, limit)) {
    if (state.tokenDelayMs > 0) await delay(state.tokenDelayMs, undefined, { signal: gone });
    yield token;
  }
}

/** Words with the blank before them. A limit that is absent or negative (Ollama's "no limit") takes all of them. */
export function tokensOf(text: string, limit: number | undefined): string[] {
  const tokens = text.match(/\s*\S+/g) ?? [];
  return limit === undefined || limit < 0 ? tokens : tokens.slice(0, limit);
}

/** A count of tokens for a prompt: about four letters each. */
export function promptTokens(...prompt: unknown[]): number {
  return Math.ceil(JSON.stringify(prompt).length / 4);
}

/** OpenAI's and Anthropic's names of an error's kind (openai/openai.go and anthropic/anthropic.go, NewError). */
function errorType(status: number, form: ErrorForm): string {
  if (status === 404) return 'not_found_error';
  if (status === 400) return 'invalid_request_error';
  return form === 'anthropic' && status === 403 ? 'permission_error' : 'api_error';
}

/** An error's body in the form of the API that was called. */
export function errorBody(form: ErrorForm, status: number, message: string): unknown {
  const type = errorType(status, form);
  switch (form) {
    case 'ollama':
      return { error: message };
    case 'openai':
      return { error: { message, type, param: null, code: null } };
    case 'anthropic':
      return { type: 'error', error: { type, message } };
  }
}
