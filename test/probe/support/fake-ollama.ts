import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A small imitation of Ollama for the probe to look at. */
export interface FakeOllama {
  readonly port: number;
  /** Every request that came in, as `METHOD path Host`. */
  readonly requests: string[];
  /** The bodies that were whole JSON: what might have cost an inference. */
  readonly completeBodies: string[];
  readonly stop: () => Promise<void>;
}

export interface FakeOllamaOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Answers 403 without a body to Hosts that are not local, as Ollama does on a loopback address. Default: true. */
  readonly checksHost?: boolean;
  /** How many parts a stream has. Default: 12. */
  readonly parts?: number;
  /** Time between two parts of a stream in milliseconds. Default: 25. */
  readonly pauseMs?: number;
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function streamParts(response: ServerResponse, parts: number, pauseMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const started = performance.now();
  for (let part = 1; part < parts; part += 1) {
    response.write(`${JSON.stringify({ model: 'tiny', response: `word ${part} `, done: false })}\n`);
    await sleep(pauseMs);
  }
  const evaluation = Math.round((performance.now() - started) * 1e6);
  response.end(`${JSON.stringify({ model: 'tiny', response: '', done: true, eval_duration: evaluation })}\n`);
}

/** What an imitation of Ollama was asked. */
interface Record {
  readonly requests: string[];
  readonly completeBodies: string[];
}

/** The answers of an imitation of Ollama, for any server of Node. */
export function fakeOllamaListener(
  options: FakeOllamaOptions = {},
  record: Record = { requests: [], completeBodies: [] },
): RequestListener {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const host = request.headers.host ?? '';
    record.requests.push(`${method} ${url} ${host}`);
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(value));
    };
    const text = await body(request);
    if ((options.checksHost ?? true) && !/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host)) {
      response.writeHead(403).end();
      return;
    }
    switch (`${method} ${url}`) {
      case 'GET /':
        response.writeHead(200, { 'content-type': 'text/plain' }).end('Ollama is running');
        return;
      case 'GET /api/version':
        json(200, { version: '0.17.4' });
        return;
      case 'GET /api/tags':
        json(200, { models: [{ name: 'tiny:latest', model: 'tiny:latest', size: 1, digest: 'abc' }] });
        return;
      case 'GET /v1/models':
        json(200, { object: 'list', data: [{ id: 'tiny:latest', object: 'model', owned_by: 'library' }] });
        return;
    }
    if (method === 'GET') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
      return;
    }
    try {
      JSON.parse(text);
      record.completeBodies.push(text);
    } catch {
      json(400, { error: 'unexpected EOF' });
      return;
    }
    if (url === '/api/generate') await streamParts(response, options.parts ?? 12, options.pauseMs ?? 25);
    else json(404, { error: 'model not found' });
  };
  return (request, response) => {
    handle(request, response).catch(() => response.destroy());
  };
}

/** Starts an imitation of Ollama on 127.0.0.1. */
export async function fakeOllama(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const requests: string[] = [];
  const completeBodies: string[] = [];
  const server: Server = createServer(fakeOllamaListener(options, { requests, completeBodies }));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    completeBodies,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
