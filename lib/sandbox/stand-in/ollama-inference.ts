import { z } from 'zod';
import { readJson, StandInError, useModel, type Exchange, type Handler } from './exchange.ts';
import { generatedTokens, ndjson, promptTokens, sendJson, sendStream, tokensOf } from './replies.ts';

const common = {
  model: z.string().default(''),
  stream: z.boolean().default(true),
  options: z.looseObject({ num_predict: z.number().optional() }).default({}),
  keep_alive: z.union([z.number(), z.string()]).optional(),
};
const generateShape = z.looseObject({ ...common, prompt: z.string().default('') });
const chatShape = z.looseObject({ ...common, messages: z.array(z.looseObject({})).default([]) });

/** How a text goes into an object of the stream: generate and chat differ in this alone. */
type Wrap = (text: string) => object;

/** `POST /api/generate` */
export const generate: Handler = async (exchange) => {
  const body = await readJson(exchange, generateShape);
  await answer(exchange, body, body.prompt, body.prompt === '', (response) => ({ response }));
};

/** `POST /api/chat` */
export const chat: Handler = async (exchange) => {
  const body = await readJson(exchange, chatShape);
  if (body.model === '') throw new StandInError(400, 'model is required');
  const wrap: Wrap = (content) => ({ message: { role: 'assistant', content } });
  await answer(exchange, body, body.messages, body.messages.length === 0, wrap);
};

async function answer(
  exchange: Exchange,
  body: Pick<z.output<typeof generateShape>, 'model' | 'stream' | 'options' | 'keep_alive'>,
  prompt: unknown,
  empty: boolean,
  wrap: Wrap,
): Promise<void> {
  const start = process.hrtime.bigint();
  const { name } = useModel(exchange.state, body.model);
  const about = () => ({ model: name, created_at: new Date().toISOString() });
  if (empty) {
    // Without a prompt Ollama loads the model, or unloads it for `keep_alive: 0`, and generates nothing.
    const unload = body.keep_alive === 0 || body.keep_alive === '0';
    if (unload) exchange.state.loaded.delete(name);
    const reason = unload ? 'unload' : 'load';
    sendJson(exchange, { ...about(), ...wrap(''), done: true, done_reason: reason });
    return;
  }
  const limit = body.options.num_predict;
  const all = tokensOf(exchange.state.reply, undefined).length;
  const produced = tokensOf(exchange.state.reply, limit);
  const last = (text: string) => {
    const nanoseconds = Number(process.hrtime.bigint() - start);
    return {
      ...about(),
      ...wrap(text),
      done: true,
      done_reason: produced.length < all ? 'length' : 'stop',
      total_duration: nanoseconds,
      load_duration: 0,
      prompt_eval_count: promptTokens(prompt),
      prompt_eval_duration: 0,
      eval_count: produced.length,
      eval_duration: nanoseconds,
    };
  };
  if (body.stream) {
    const values = async function* () {
      for await (const token of generatedTokens(exchange, limit))
        yield { ...about(), ...wrap(token), done: false };
      yield last('');
    };
    return sendStream(exchange, ndjson, values());
  }
  let text = '';
  for await (const token of generatedTokens(exchange, limit)) text += token;
  sendJson(exchange, last(text));
}
