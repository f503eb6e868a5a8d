import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readJson, StandInError, useModel, type Handler } from './exchange.ts';
import { generatedTokens, namedEvents, promptTokens, sendJson, sendStream } from './replies.ts';

const shape = z.looseObject({
  model: z.string().default(''),
  input: z.union([z.string(), z.array(z.looseObject({}))]).default(''),
  stream: z.boolean().default(false),
  max_output_tokens: z.number().nullish(),
});

/** `POST /v1/responses` */
export const responses: Handler = async (exchange) => {
  const body = await readJson(exchange, shape);
  if (body.input.length === 0) throw new StandInError(400, 'input is required');
  const { name } = useModel(exchange.state, body.model);
  const limit = body.max_output_tokens ?? undefined;
  const itemId = `msg_${randomBytes(6).toString('hex')}`;
  const about = {
    id: `resp_${randomBytes(6).toString('hex')}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    model: name,
  };
  const message = (status: string, content: object[]) => ({
    id: itemId,
    type: 'message',
    status,
    role: 'assistant',
    content,
  });
  const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
  const completed = (text: string, produced: number) => {
    const count = promptTokens(body.input);
    return {
      ...about,
      status: 'completed',
      output: [message('completed', [part(text)])],
      usage: { input_tokens: count, output_tokens: produced, total_tokens: count + produced },
    };
  };

  if (!body.stream) {
    const tokens: string[] = [];
    for await (const token of generatedTokens(exchange, limit)) tokens.push(token);
    sendJson(exchange, completed(tokens.join(''), tokens.length));
    return;
  }
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const events = async function* () {
    const begun = { ...about, status: 'in_progress', output: [] };
    yield { type: 'response.created', response: begun };
    yield { type: 'response.in_progress', response: begun };
    yield { type: 'response.output_item.added', output_index: 0, item: message('in_progress', []) };
    yield { type: 'response.content_part.added', ...place, part: part('') };
    const tokens: string[] = [];
    for await (const token of generatedTokens(exchange, limit)) {
      tokens.push(token);
      yield { type: 'response.output_text.delta', ...place, delta: token, logprobs: [] };
    }
    const text = tokens.join('');
    yield { type: 'response.output_text.done', ...place, text, logprobs: [] };
    yield { type: 'response.content_part.done', ...place, part: part(text) };
    yield { type: 'response.output_item.done', output_index: 0, item: message('completed', [part(text)]) };
    yield { type: 'response.completed', response: completed(text, tokens.length) };
  };
  await sendStream(exchange, namedEvents, numbered(events()));
};

/** Adds `sequence_number`, from 0. */
async function* numbered(events: AsyncIterable<object>): AsyncGenerator<object, void, undefined> {
  let number = 0;
  for await (const event of events) {
    yield { ...event, sequence_number: number };
    number += 1;
  }
}
