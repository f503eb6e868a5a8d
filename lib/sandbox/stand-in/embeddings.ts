import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readJson, StandInError, useModel, type Handler } from './exchange.ts';
import { promptTokens, sendJson } from './replies.ts';

const inputShape = z.union([z.string(), z.array(z.string())]).default([]);
const model = z.string().default('');

/** `POST /api/embed` */
export const embed: Handler = async (exchange) => {
  const body = await readJson(exchange, z.looseObject({ model, input: inputShape }));
  const { name } = useModel(exchange.state, body.model);
  sendJson(exchange, {
    model: name,
    embeddings: textsOf(body.input).map(vectorOf),
    total_duration: 1,
    load_duration: 0,
    prompt_eval_count: promptTokens(body.input),
  });
};

/** `POST /api/embeddings`: the older form. */
export const embeddings: Handler = async (exchange) => {
  const body = await readJson(exchange, z.looseObject({ model, prompt: z.string().default('') }));
  useModel(exchange.state, body.model);
  sendJson(exchange, { embedding: body.prompt === '' ? [] : vectorOf(body.prompt) });
};

/** `POST /v1/embeddings` */
export const openAiEmbeddings: Handler = async (exchange) => {
  const shape = z.looseObject({ model, input: inputShape, encoding_format: z.string().default('float') });
  const body = await readJson(exchange, shape);
  const texts = textsOf(body.input);
  if (texts.length === 0) throw new StandInError(400, 'invalid input');
  const { name } = useModel(exchange.state, body.model);
  const base64 = body.encoding_format === 'base64';
  const count = promptTokens(body.input);
  sendJson(exchange, {
    object: 'list',
    data: texts.map(vectorOf).map((vector, index) => ({
      object: 'embedding',
      embedding: base64 ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector,
      index,
    })),
    model: name,
    usage: { prompt_tokens: count, total_tokens: count },
  });
};

function textsOf(input: string | string[]): string[] {
  return typeof input === 'string' ? [input] : input;
}

/** Eight numbers of length 1, the same for the same text. They mean nothing. */
function vectorOf(text: string): number[] {
  const bytes = [...createHash('sha256').update(text).digest().subarray(0, 8)].map((byte) => byte - 127.5);
  const length = Math.hypot(...bytes);
  return bytes.map((byte) => byte / length);
}
