import * as z from 'zod';
import {
  addressAndPort,
  integer,
  keepAliveDuration,
  modelName,
  reason,
  sha256Digest,
  yesOrNo,
} from '../values.ts';

/** Ollama's own settings; each becomes the environment variable that its name recalls. */
export const ollamaSection = z.strictObject({
  /**
   * OLLAMA_HOST, where Ollama listens. An address beyond loopback lets callers pass the gateway by, and is refused
   * unless `nonLoopbackHostReason` says why. By default 127.0.0.1:11434.
   */
  host: addressAndPort.default('127.0.0.1:11434'),
  /** Why Ollama may listen beyond loopback. Only needed, and only allowed, with such a `host`. */
  nonLoopbackHostReason: reason.optional(),
  /** OLLAMA_NUM_PARALLEL, requests that one model works on at the same time. By default 1. */
  numParallel: integer(1, 64, 'requests').default(1),
  /** OLLAMA_MAX_QUEUE, requests that wait before Ollama answers 503. By default 512. */
  maxQueue: integer(1, 10_000, 'requests').default(512),
  /** OLLAMA_KEEP_ALIVE, how long a model stays loaded; a request can override it. By default '5m'. */
  keepAlive: keepAliveDuration.default('5m'),
  /** OLLAMA_CONTEXT_LENGTH in tokens; a request can override it. By default Ollama decides by its memory. */
  contextLength: integer(512, 1_048_576, 'tokens').optional(),
  /** OLLAMA_NO_CLOUD: no prompt goes to ollama.com, no model runs there. By default true. */
  noCloud: yesOrNo.default(true),
  /** The models that the machine is to serve. By default none is named. */
  models: z
    .array(
      z.strictObject({
        /** The model's name with its tag. */
        name: modelName,
        /** The digest of its manifest. By default any. */
        digest: sha256Digest.optional(),
      }),
    )
    .max(64)
    .meta({ allowed: 'a list of models', fix: "write for example [{ name: 'qwen2.5-coder:7b' }]" })
    .default([]),
});
