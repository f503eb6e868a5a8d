import { createHash } from 'node:crypto';

/** A model that the stand-in lists. None exists. */
export interface StandInModel {
  /** With its tag: `stand-in:latest`. */
  readonly name: string;
  /** SHA-256 in hexadecimal, of the name: it is nobody's digest. */
  readonly digest: string;
}

/** The version that the stand-in gives for Ollama's; never one that Ollama had. */
export const standInVersion = '0.0.0-stand-in';

/** The models when none are given. */
export const defaultModels: readonly string[] = ['stand-in:latest', 'stand-in-embed:latest'];

/** A fixed date: when every model claims to have been modified. */
export const modifiedAt = '2026-01-01T00:00:00Z';

/** Ollama's rule: a name without a tag means `latest`. */
export function canonicalName(name: string): string {
  return name === '' || name.includes(':') ? name : `${name}:latest`;
}

/** Describes a model of that name. */
export function describeModel(name: string): StandInModel {
  const canonical = canonicalName(name);
  return {
    name: canonical,
    digest: createHash('sha256').update(`stand-in model ${canonical}`).digest('hex'),
  };
}

/** `details` as every list of models has it. */
export const modelDetails = {
  parent_model: '',
  format: 'stand-in',
  family: 'stand-in',
  families: ['stand-in'],
  parameter_size: '0',
  quantization_level: 'none',
} as const;

/** The unix time of modifiedAt, in seconds, as OpenAI's lists have it. */
export const modifiedAtSeconds = Date.parse(modifiedAt) / 1000;
