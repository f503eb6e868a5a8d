import { z } from 'zod';
import { findModel, readBody, readJson, type Handler } from './exchange.ts';
import { ndjson, sendJson, sendStatus, sendStream } from './replies.ts';

/*
 * The routes that change a real server or speak for its account. The stand-in says what a real one would and does
 * nothing, so that an attack that gets here looks like the success it would have been; each call is counted.
 */

const shape = z.looseObject({
  model: z.string().default(''),
  name: z.string().default(''),
  source: z.string().default(''),
  stream: z.boolean().default(true),
});

function progress(first: string): Handler {
  return async (exchange) => {
    const { stream } = await readJson(exchange, shape);
    if (!stream) {
      sendJson(exchange, { status: 'success' });
      return;
    }
    await sendStream(exchange, ndjson, [{ status: first }, { status: 'success' }]);
  };
}

/** `POST /api/pull` */
export const pull = progress('pulling manifest');

/** `POST /api/push` */
export const push = progress('retrieving manifest');

/** `POST /api/create` */
export const create = progress('using existing layer');

/** `POST /api/copy` */
export const copy: Handler = async (exchange) => {
  const { source } = await readJson(exchange, shape);
  findModel(exchange.state, source);
  sendStatus(exchange, 200);
};

/** `DELETE /api/delete` */
export const remove: Handler = async (exchange) => {
  const { model, name } = await readJson(exchange, shape);
  findModel(exchange.state, model || name);
  sendStatus(exchange, 200);
};

/** `POST /api/blobs/:digest` */
export const createBlob: Handler = async (exchange) => {
  await readBody(exchange);
  sendStatus(exchange, 201);
};

/** `POST /api/me`: nobody is signed in. */
export const whoAmI: Handler = (exchange) => sendJson(exchange, { error: 'unauthorized' }, 401);

/** `POST /api/signout`, `DELETE /api/user/keys/:key` */
export const signOut: Handler = (exchange) => sendJson(exchange, null);

/** `POST /api/experimental/web_search`, `…/web_fetch`: as with OLLAMA_NO_CLOUD=1. */
export const cloud: Handler = (exchange) => sendJson(exchange, { error: 'ollama cloud is disabled' }, 403);

/** `GET /api/experimental/model-recommendations` */
export const recommendations: Handler = (exchange) => sendJson(exchange, { recommendations: [] });
