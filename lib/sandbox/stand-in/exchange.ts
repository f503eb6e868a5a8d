import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { canonicalName, type StandInModel } from './models.ts';

/** What the stand-in is made with, and the little it remembers. */
export interface StandInState {
  readonly models: readonly StandInModel[];
  /** Names of models that were used: `/api/ps` lists them. */
  readonly loaded: Set<string>;
  readonly reply: string;
  readonly tokenDelayMs: number;
}

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The values of the route's `:name` parts. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly state: StandInState;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/** Answers a request. A thrown StandInError becomes the answer in its API's error form. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** Which API's shape an error has. */
export type ErrorForm = 'ollama' | 'openai' | 'anthropic';

/** An answer that is an error. */
export class StandInError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Above what any client sends (audio is bounded at 25 MiB by Ollama), below what hurts a small machine. */
export const maxBodyBytes = 64 * 1024 * 1024;

/** Reads the whole body. Throws 413 above maxBodyBytes. */
export async function readBody({ request }: Exchange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBodyBytes) throw new StandInError(413, 'request body too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Reads a JSON body of that shape. Throws 400 in Ollama's words; never quotes the body. */
export async function readJson<Shape extends z.ZodType>(
  exchange: Exchange,
  shape: Shape,
): Promise<z.output<Shape>> {
  const body = (await readBody(exchange)).toString('utf8');
  if (body.trim() === '') throw new StandInError(400, 'missing request body');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new StandInError(400, 'invalid JSON in request body');
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new StandInError(400, `json: cannot unmarshal ${field === '' ? 'the body' : `field ${field}`}`);
}

/** The model of that name (`:latest` may be left out), which counts as loaded from then on. Throws 404. */
export function findModel(state: StandInState, name: string): StandInModel {
  const model = state.models.find((candidate) => candidate.name === canonicalName(name));
  if (model === undefined) throw new StandInError(404, `model '${name}' not found`);
  return model;
}

/** As findModel, and the model counts as loaded. */
export function useModel(state: StandInState, name: string): StandInModel {
  const model = findModel(state, name);
  state.loaded.add(model.name);
  return model;
}
