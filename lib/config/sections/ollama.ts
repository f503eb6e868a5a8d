import * as z from 'zod';
import {
  addressAndPort,
  archiveUrl,
  integer,
  keepAliveDuration,
  modelName,
  oneOf,
  reason,
  releaseVersion,
  sha256Digest,
  sha256Hex,
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
  /**
   * OLLAMA_NO_CLOUD: no prompt goes to ollama.com, no model runs there. False needs `isolation` loopback, since a
   * namespace has no route out. By default true.
   */
  noCloud: yesOrNo.default(true),
  /**
   * What keeps Ollama apart. `namespace`: it listens in a network namespace of its own, without a route out, and the
   * gateway reaches it through a socket that only nginx may open, so that the machine has no port 11434. `loopback`:
   * every local user reaches it. By default namespace.
   */
  isolation: oneOf(['namespace', 'loopback']).default('namespace'),
  /** `gpu` opens the devices of NVIDIA and AMD cards to Ollama; `cpu` none. By default cpu. */
  profile: oneOf(['cpu', 'gpu']).default('cpu'),
  /** MemoryMax of Ollama's unit: above it the kernel ends it. By default 90 % of the machine's memory. */
  memoryMaxMiB: integer(256, 16_777_216, 'MiB').optional(),
  /** TasksMax of Ollama's unit, threads and processes. By default 2048. */
  tasksMax: integer(64, 65_536, 'tasks').default(2_048),
  /** The release of Ollama to install. By default the one that is on the machine is kept as it is. */
  install: z
    .strictObject({
      /** The version. Below 0.31.2 it is refused (CVE-2026-86289) unless `oldVersionReason` says why. */
      version: releaseVersion,
      /** The SHA-256 of the archive, checked before it is unpacked. No default: it is for you to look up. */
      sha256: sha256Hex,
      /** Where the archive is. By default Ollama's release on GitHub for the machine's architecture. */
      url: archiveUrl.optional(),
      /** Why a version with known holes may run. Only needed, and only allowed, with such a `version`. */
      oldVersionReason: reason.optional(),
    })
    .optional(),
  /**
   * The models that the machine is to serve, fetched from their registries by a unit of their own; Ollama itself sees
   * them read-only. One that left the list stays on the disk. By default none is fetched.
   */
  models: z
    .array(
      z.strictObject({
        /** The model's name with its tag. */
        name: modelName,
        /** The digest of its manifest: another one never replaces it. By default the first that comes stays. */
        digest: sha256Digest.optional(),
      }),
    )
    .max(64)
    .meta({ allowed: 'a list of models', fix: "write for example [{ name: 'qwen2.5-coder:7b' }]" })
    .default([]),
});
