/** A value of a GGUF file's metadata, with the type that it has there. */
export type MetadataValue =
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly float32s: readonly number[] }
  | { readonly int32s: readonly number[] };

/** A tensor of 32-bit floats. */
export interface Tensor {
  readonly name: string;
  /** The fastest first, as GGUF has them. */
  readonly dimensions: readonly number[];
  readonly values: Float32Array;
}

/** Value types and the version, from the specification of GGUF (docs/gguf.md of ggml). */
const types = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;
const version = 3;
const float32Tensor = 0;
const alignment = 32;

/** The bytes of a GGUF file. */
export function ggufFile(
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: readonly Tensor[],
): Buffer {
  const entries = Object.entries(metadata);
  const head = [Buffer.from('GGUF'), uint32(version), uint64(tensors.length), uint64(entries.length)];
  const values = entries.flatMap(([key, value]) => [string(key), metadataValue(value)]);
  let offset = 0;
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  for (const { name, dimensions, values: floats } of tensors) {
    const shape = [uint32(dimensions.length), ...dimensions.map(uint64)];
    infos.push(string(name), ...shape, uint32(float32Tensor), uint64(offset));
    const bytes = aligned(Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength));
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([aligned(Buffer.concat([...head, ...values, ...infos])), ...data]);
}

function metadataValue(value: MetadataValue): Buffer {
  if ('uint32' in value) return Buffer.concat([uint32(types.uint32), uint32(value.uint32)]);
  if ('float32' in value) return Buffer.concat([uint32(types.float32), float32(value.float32)]);
  if ('string' in value) return Buffer.concat([uint32(types.string), string(value.string)]);
  if ('strings' in value) return array(types.string, value.strings.map(string));
  if ('float32s' in value) return array(types.float32, value.float32s.map(float32));
  return array(types.int32, value.int32s.map(int32));
}

function array(type: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(types.array), uint32(type), uint64(items.length), ...items]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function aligned(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
