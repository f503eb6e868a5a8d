import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readJson, StandInError, useModel, type Handler } from './exchange.ts';
import { generatedTokens, namedEvents, promptTokens, sendJson, sendStream, tokensOf } from './replies.ts';

const shape = z.looseObject({
  model: z.string().default(''),
  max_tokens: z.number().default(0),
  messages: z.array(z.looseObject({})).default([]),
  stream: z.boolean().default(false),
});

/** `POST /v1/messages` */
export const messages: Handler = async (exchange) => {
  const body = await readJson(exchange, shape);
  if (body.model === '') throw new StandInError(400, 'model is required');
  if (body.max_tokens <= 0) throw new StandInError(400, 'max_tokens is required and must be positive');
  if (body.messages.length === 0) throw new StandInError(400, 'messages is required');
  const { name } = useModel(exchange.state, body.model);
  const produced = tokensOf(exchange.state.reply, body.max_tokens).length;
  const stopReason = produced < tokensOf(exchange.state.reply, undefined).length ? 'max_tokens' : 'end_turn';
  const inputTokens = promptTokens(body.messages);
  const about = {
    id: `msg_${randomBytes(12).toString('hex')}`,
    type: 'message',
    role: 'assistant',
    model: name,
  };

  if (!body.stream) {
    let text = '';
    for await (const token of generatedTokens(exchange, body.max_tokens)) text += token;
    sendJson(exchange, {
      ...about,
      content: [{ type: 'text', text }],
      stop_reason: stopReason,
      usage: { input_tokens: inputTokens, output_tokens: produced },
    });
    return;
  }
  const events = async function* () {
    const usage = { input_tokens: inputTokens, output_tokens: 0 };
    yield { type: 'message_start', message: { ...about, content: [], usage } };
    yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    for await (const text of generatedTokens(exchange, body.max_tokens))
      yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
    yield { type: 'content_block_stop', index: 0 };
    yield {
      type: 'message_delta',
      delta: { stop_reason: stopReason },
      usage: { input_tokens: inputTokens, output_tokens: produced },
    };
    yield { type: 'message_stop' };
  };
  await sendStream(exchange, namedEvents, events());
};
