import { ggufFile, type Tensor } from './gguf.ts';

const [embedding, feedForward, blocks, heads, vocabulary] = [64, 128, 2, 4, 512];

/** Kinds of tokens in a SentencePiece vocabulary. */
const kinds = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

/**
 * A model that Ollama loads and runs for real, as a GGUF file of half a megabyte: architecture llama, weights by chance
 * (the same each time), a token for every byte. What it says means nothing.
 */
export function tinyModel(): Buffer {
  const tokens = vocabularyTokens();
  return ggufFile(
    {
      'general.architecture': { string: 'llama' },
      'general.name': { string: 'tiny' },
      'general.file_type': { uint32: 0 },
      'llama.context_length': { uint32: 2_048 },
      'llama.embedding_length': { uint32: embedding },
      'llama.block_count': { uint32: blocks },
      'llama.feed_forward_length': { uint32: feedForward },
      'llama.rope.dimension_count': { uint32: embedding / heads },
      'llama.attention.head_count': { uint32: heads },
      'llama.attention.head_count_kv': { uint32: heads },
      'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
      'llama.vocab_size': { uint32: vocabulary },
      'tokenizer.ggml.model': { string: 'llama' },
      'tokenizer.ggml.tokens': { strings: tokens.map(({ text }) => text) },
      'tokenizer.ggml.scores': { float32s: tokens.map(() => 0) },
      'tokenizer.ggml.token_type': { int32s: tokens.map(({ kind }) => kind) },
      'tokenizer.ggml.unknown_token_id': { uint32: 0 },
      'tokenizer.ggml.bos_token_id': { uint32: 1 },
      'tokenizer.ggml.eos_token_id': { uint32: 2 },
    },
    tensors(),
  );
}

function vocabularyTokens(): readonly { readonly text: string; readonly kind: number }[] {
  const special = [
    { text: '<unk>', kind: kinds.unknown },
    { text: '<s>', kind: kinds.control },
    { text: '</s>', kind: kinds.control },
  ];
  const bytes = Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    kind: kinds.byte,
  }));
  const words = Array.from({ length: vocabulary - special.length - bytes.length }, (_, index) => ({
    text: `\u2581word${index}`,
    kind: kinds.normal,
  }));
  return [...special, ...bytes, ...words];
}

function tensors(): readonly Tensor[] {
  const random = linearCongruence(1);
  const weights = (name: string, ...dimensions: number[]): Tensor => ({
    name: `${name}.weight`,
    dimensions,
    values: Float32Array.from({ length: dimensions.reduce((product, size) => product * size) }, random),
  });
  const norm = (name: string): Tensor => ({
    name: `${name}.weight`,
    dimensions: [embedding],
    values: new Float32Array(embedding).fill(1),
  });
  const block = (index: number): readonly Tensor[] => [
    norm(`blk.${index}.attn_norm`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) =>
      weights(`blk.${index}.${name}`, embedding, embedding),
    ),
    norm(`blk.${index}.ffn_norm`),
    weights(`blk.${index}.ffn_gate`, embedding, feedForward),
    weights(`blk.${index}.ffn_up`, embedding, feedForward),
    weights(`blk.${index}.ffn_down`, feedForward, embedding),
  ];
  return [
    weights('token_embd', embedding, vocabulary),
    ...Array.from({ length: blocks }, (_, index) => block(index)).flat(),
    norm('output_norm'),
    weights('output', embedding, vocabulary),
  ];
}

/** Numbers between -0.1 and 0.1 that are the same on every machine (the constants of Numerical Recipes). */
function linearCongruence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) / 5;
  };
}
