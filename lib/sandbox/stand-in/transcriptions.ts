import { readBody, StandInError, type Handler } from './exchange.ts';
import { sendJson } from './replies.ts';

/** `POST /v1/audio/transcriptions`: a fixed text for any form that names a model and has a file. */
export const transcriptions: Handler = async (exchange) => {
  const type = exchange.request.headers['content-type'] ?? '';
  const body = (await readBody(exchange)).toString('latin1');
  if (!/^multipart\/form-data;.*boundary=/i.test(type))
    throw new StandInError(400, 'failed to parse multipart form');
  for (const field of ['model', 'file'])
    if (!body.includes(`name="${field}"`)) throw new StandInError(400, `${field} is required`);
  sendJson(exchange, { text: exchange.state.reply });
};
