import { Unknown, type Block, type Resource, type Value } from './stack.ts';

/** A part of a value: a text that is known, or a reference. */
export interface Leaf {
  /** The keys of objects on the way to it, functions as `NAME()`. */
  readonly path: readonly string[];
  readonly text?: string;
  readonly reference?: string;
  /** A plan says that it is sensitive, and not from what. */
  readonly isSensitive?: true;
}

/** Every text and every reference in a value, however deep. */
export function leavesOf(value: Value | undefined, path: readonly string[] = []): Leaf[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'object') {
    if (value instanceof Unknown) {
      const here = value.call === undefined ? path : [...path, `${value.call}()`];
      return [
        ...value.references.map((reference) => ({ path: here, reference })),
        ...(value.isSensitive ? [{ path: here, isSensitive: true as const }] : []),
        ...value.parts.flatMap((part) => leavesOf(part, here)),
      ];
    }
    if (isList(value)) return value.flatMap((item) => leavesOf(item, path));
    return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  }
  return [{ path, text: String(value) }];
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isBlock(value: Value | undefined): value is Block {
  return typeof value === 'object' && value !== null && !(value instanceof Unknown) && !Array.isArray(value);
}

/** The blocks of a name, whether they stand as a list, as one object, or not at all. */
export function blocksOf(values: Block, name: string): Block[] {
  const value = values[name];
  if (isBlock(value)) return [value];
  return isList(value) ? value.filter(isBlock) : [];
}

/** The items of a list; a single value is a list of one, as terraform takes it. */
export function itemsOf(value: Value | undefined): readonly Value[] {
  if (value === undefined || value === null) return [];
  return isList(value) ? value : [value];
}

/** A text or number as text; undefined where it is neither. */
export function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** A number, also one that is written as text, with an exponent or without. */
export function numberOf(value: Value | undefined): number | undefined {
  const text = textOf(value)?.trim();
  return text !== undefined && /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
    ? Number(text)
    : undefined;
}

/** True, also where it is written as text. */
export function isTrue(value: Value | undefined): boolean {
  return value === true || value === 'true';
}

/** The resource that a reference points into: `TYPE.NAME` or `data.TYPE.NAME`, with its module. */
export function addressOf(reference: string): string {
  const parts = reference.split('.');
  let start = 0;
  while (parts[start] === 'module') start += 2;
  if (parts[start] === 'data') start++;
  return parts.slice(0, start + 2).join('.');
}

/** An address without indexes of count and for_each. */
export function withoutIndexes(address: string): string {
  return address.replace(/\[(?:"(?:[^"\\]|\\.)*"|\d+)\]/g, '');
}

/** Managed resources of a type. */
export function ofType(resources: readonly Resource[], ...types: readonly string[]): Resource[] {
  return resources.filter(({ type, isData }) => !isData && types.includes(type));
}
