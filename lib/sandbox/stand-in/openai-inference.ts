import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { readJson, StandInError, useModel, type Exchange, type Handler } from './exchange.ts';
import { dataEvents, generatedTokens, promptTokens, sendJson, sendStream, tokensOf } from './replies.ts';

const common = {
  model: z.string().default(''),
  stream: z.boolean().default(false),
  max_tokens: z.number().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().default(false) }).nullish(),
};
const chatShape = z.looseObject({
  ...common,
  messages: z.array(z.looseObject({})).default([]),
  max_completion_tokens: z.number().nullish(),
});
const completionShape = z.looseObject({
  ...common,
  prompt: z.union([z.string(), z.array(z.string())]).default(''),
});

/** Where chat and the older completions differ. */
interface Dialect {
  readonly idPrefix: string;
  readonly whole: { readonly object: string; readonly choice: (text: string) => object };
  readonly piece: { readonly object: string; readonly choice: (text: string) => object };
}

const chatDialect: Dialect = {
  idPrefix: 'chatcmpl',
  whole: {
    object: 'chat.completion',
    choice: (content) => ({ message: { role: 'assistant', content } }),
  },
  piece: {
    object: 'chat.completion.chunk',
    choice: (content) => ({ delta: { role: 'assistant', content } }),
  },
};
const completionDialect: Dialect = {
  idPrefix: 'cmpl',
  whole: { object: 'text_completion', choice: (text) => ({ text }) },
  piece: { object: 'text_completion', choice: (text) => ({ text }) },
};

/** `POST /v1/chat/completions` */
export const chatCompletions: Handler = async (exchange) => {
  const body = await readJson(exchange, chatShape);
  if (body.messages.length === 0) throw new StandInError(400, "[] is too short - 'messages'");
  const limit = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  await answer(exchange, chatDialect, body, body.messages, limit);
};

/** `POST /v1/completions` */
export const completions: Handler = async (exchange) => {
  const body = await readJson(exchange, completionShape);
  await answer(exchange, completionDialect, body, body.prompt, body.max_tokens ?? undefined);
};

async function answer(
  exchange: Exchange,
  dialect: Dialect,
  body: Pick<z.output<typeof completionShape>, 'model' | 'stream' | 'stream_options'>,
  prompt: unknown,
  limit: number | undefined,
): Promise<void> {
  const { name } = useModel(exchange.state, body.model);
  const produced = tokensOf(exchange.state.reply, limit).length;
  const finish = produced < tokensOf(exchange.state.reply, undefined).length ? 'length' : 'stop';
  const about = {
    id: `${dialect.idPrefix}-${randomInt(1000)}`,
    created: Math.floor(Date.now() / 1000),
    model: name,
    system_fingerprint: 'fp_stand_in',
  };
  const count = promptTokens(prompt);
  const usage = { prompt_tokens: count, completion_tokens: produced, total_tokens: count + produced };
  if (body.stream) {
    const { object, choice } = dialect.piece;
    const values = async function* () {
      for await (const token of generatedTokens(exchange, limit))
        yield { ...about, object, choices: [{ index: 0, ...choice(token), finish_reason: null }] };
      yield { ...about, object, choices: [{ index: 0, ...choice(''), finish_reason: finish }] };
      if (body.stream_options?.include_usage) yield { ...about, object, choices: [], usage };
      yield '[DONE]';
    };
    return sendStream(exchange, dataEvents, values());
  }
  let text = '';
  for await (const token of generatedTokens(exchange, limit)) text += token;
  const { object, choice } = dialect.whole;
  const choices = [{ index: 0, ...choice(text), finish_reason: finish }];
  sendJson(exchange, { ...about, object, choices, usage });
}
