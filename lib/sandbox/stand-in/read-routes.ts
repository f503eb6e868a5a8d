import { z } from 'zod';
import { findModel, readJson, StandInError, type Handler } from './exchange.ts';
import { modelDetails, modifiedAt, modifiedAtSeconds, standInVersion, type StandInModel } from './models.ts';
import { sendJson, sendStatus, sendText } from './replies.ts';

/** `GET /`: the words by which a scanner knows Ollama. */
export const root: Handler = (exchange) => sendText(exchange, 'Ollama is running');

/** `GET /api/version` */
export const version: Handler = (exchange) => sendJson(exchange, { version: standInVersion });

/** `GET /api/status` */
export const status: Handler = (exchange) =>
  sendJson(exchange, { cloud: { disabled: true, source: 'stand-in' } });

/** `GET /api/tags` */
export const tags: Handler = (exchange) =>
  sendJson(exchange, {
    models: exchange.state.models.map((model) => ({
      ...listed(model),
      modified_at: modifiedAt,
    })),
  });

/** `GET /api/ps`: models that were used. */
export const running: Handler = (exchange) =>
  sendJson(exchange, {
    models: exchange.state.models
      .filter(({ name }) => exchange.state.loaded.has(name))
      .map((model) => ({
        ...listed(model),
        expires_at: new Date(Date.now() + keepAliveMs).toISOString(),
        size_vram: 0,
        context_length: contextLength,
      })),
  });

/** `POST /api/show` */
export const show: Handler = async (exchange) => {
  const { model, name } = await readJson(
    exchange,
    z.looseObject({ model: z.string().default(''), name: z.string().default('') }),
  );
  // The field was `name` before, and Ollama still takes it.
  const wanted = model || name;
  if (wanted === '') throw new StandInError(400, 'model is required');
  findModel(exchange.state, wanted);
  sendJson(exchange, {
    modelfile: '# A stand-in for Ollama: there is no model.\n',
    parameters: '',
    template: '{{ .Prompt }}',
    details: modelDetails,
    model_info: { 'general.architecture': 'stand-in', 'stand-in.context_length': contextLength },
    capabilities: ['completion'],
    modified_at: modifiedAt,
  });
};

/** `HEAD /api/blobs/:digest`: whether there is such a blob. Each model counts as one. */
export const headBlob: Handler = (exchange) => {
  const digest = /^sha256[:-]([0-9a-f]{64})$/.exec(exchange.parameters['digest'] ?? '')?.[1];
  if (digest === undefined) {
    sendStatus(exchange, 400);
    return;
  }
  sendStatus(exchange, exchange.state.models.some((model) => model.digest === digest) ? 200 : 404);
};

/** `GET /v1/models` */
export const openAiModels: Handler = (exchange) =>
  sendJson(exchange, { object: 'list', data: exchange.state.models.map(openAiModel) });

/** `GET /v1/models/:model` */
export const openAiModelByName: Handler = (exchange) =>
  sendJson(exchange, openAiModel(findModel(exchange.state, exchange.parameters['model'] ?? '')));

/** Ollama's default for OLLAMA_KEEP_ALIVE: 5 minutes. */
const keepAliveMs = 5 * 60 * 1000;

const contextLength = 4096;

function listed({ name, digest }: StandInModel) {
  return { name, model: name, size: 0, digest, details: modelDetails };
}

function openAiModel({ name }: StandInModel) {
  return { id: name, object: 'model', created: modifiedAtSeconds, owned_by: 'library' };
}
