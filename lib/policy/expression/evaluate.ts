import { Unknown, type Block, type Value } from '../stack.ts';
import { isBlock, isList, numberOf, textOf } from '../values.ts';
import { call, isKnown } from './functions.ts';
import type { Node } from './node.ts';
import { parseTemplate } from './parse.ts';

/** What a name stands for; undefined: terraform alone knows. */
export type Scope = (path: readonly string[]) => Value | undefined;

/** A value of terraform's JSON: every text is a template. */
export function evaluateJson(json: unknown, scope: Scope): Value {
  if (typeof json === 'string') return evaluate(parseTemplate(json), scope);
  if (typeof json === 'number' || typeof json === 'boolean') return json;
  if (Array.isArray(json)) return json.map((item) => evaluateJson(item, scope));
  if (typeof json !== 'object' || json === null) return null;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, evaluateJson(value, scope)]));
}

export function evaluate(node: Node, scope: Scope): Value {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'traversal':
      return lookUp(node.path, scope);
    case 'call':
      return call(
        node.name,
        node.args.map((one) => evaluate(one, scope)),
      );
    case 'list':
      return node.items.map((one) => evaluate(one, scope));
    case 'object':
      return Object.fromEntries(
        node.entries.map(([key, value]) => [nameOf(evaluate(key, scope)), evaluate(value, scope)]),
      );
    case 'conditional': {
      const condition = evaluate(node.condition, scope);
      const branches = node.branches.map((one) => evaluate(one, scope));
      const chosen = truthOf(condition);
      if (chosen !== undefined) return branches[chosen ? 0 : 1] ?? null;
      return new Unknown([], branches);
    }
    case 'operation':
      return operate(
        node.operator,
        node.operands.map((one) => evaluate(one, scope)),
      );
    case 'template': {
      const parts = node.parts.map((one) => evaluate(one, scope));
      const texts = parts.map((part) => (typeof part === 'boolean' ? String(part) : textOf(part)));
      return texts.every((part) => part !== undefined) ? texts.join('') : new Unknown([], parts);
    }
    case 'opaque':
      return new Unknown(
        [],
        node.parts.map((one) => evaluate(one, scope)),
      );
  }
}

/** Every name that an expression refers to, read or not. */
export function traversalsOf(node: Node): readonly (readonly string[])[] {
  switch (node.kind) {
    case 'literal':
      return [];
    case 'traversal':
      return node.path.length > 1 ? [node.path] : [];
    case 'call':
      return node.args.flatMap(traversalsOf);
    case 'list':
      return node.items.flatMap(traversalsOf);
    case 'object':
      return node.entries.flatMap((entry) => entry.flatMap(traversalsOf));
    case 'conditional':
      return [node.condition, ...node.branches].flatMap(traversalsOf);
    case 'operation':
      return node.operands.flatMap(traversalsOf);
    case 'template':
    case 'opaque':
      return node.parts.flatMap(traversalsOf);
  }
}

/** The names in every text of a part of terraform's JSON. */
export function traversalsInJson(json: unknown): readonly (readonly string[])[] {
  if (typeof json === 'string') return traversalsOf(parseTemplate(json));
  if (typeof json !== 'object' || json === null) return [];
  return Object.values(json).flatMap(traversalsInJson);
}

/** The longest known beginning of a path, and the rest of it looked up in that value. */
function lookUp(path: readonly string[], scope: Scope): Value {
  const found = scope(path);
  return found ?? new Unknown([path.join('.')]);
}

/** The value at a path within another; undefined where it is not there. */
export function within(value: Value | undefined, path: readonly string[]): Value | undefined {
  return path.reduce<Value | undefined>((inner, name) => {
    if (inner instanceof Unknown) return inner;
    // Which item is not told: indexes are left out of a path.
    if (isList(inner))
      return new Unknown(
        [],
        inner.flatMap((one) => within(one, [name]) ?? []),
      );
    return isBlock(inner) ? inner[name] : undefined;
  }, value);
}

function nameOf(value: Value): string {
  return textOf(value) ?? '(unknown)';
}

/** True or false, also where it is written as text; undefined: terraform refuses it, or alone knows it. */
function truthOf(value: Value): boolean | undefined {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : undefined;
}

function operate(operator: string, operands: readonly Value[]): Value {
  const [left = null, right = null] = operands;
  if (!operands.every(isKnown)) return new Unknown([], operands);
  if (operator === '==' || operator === '!=') {
    // Whether "1" is 1 depends on types that variables are declared with.
    if (left !== null && right !== null && typeof left !== typeof right) return new Unknown([], operands);
    return (JSON.stringify(left) === JSON.stringify(right)) === (operator === '==');
  }
  return (
    logic(operator, operands.map(truthOf)) ?? arithmetic(operator, operands) ?? new Unknown([], operands)
  );
}

function logic(operator: string, [a, b]: readonly (boolean | undefined)[]): boolean | undefined {
  if (a === undefined) return undefined;
  if (operator === '!') return !a;
  if (b === undefined) return undefined;
  if (operator === '&&') return a && b;
  return operator === '||' ? a || b : undefined;
}

function arithmetic(operator: string, operands: readonly Value[]): Value | undefined {
  const [a, b] = operands.map((one) => numberOf(one));
  if (a === undefined) return undefined;
  if (operands.length === 1) return operator === '-' ? -a : undefined;
  if (b === undefined) return undefined;
  const results: Readonly<Record<string, number | boolean>> = {
    '+': a + b,
    '-': a - b,
    '*': a * b,
    '/': a / b,
    '%': a % b,
    '<': a < b,
    '>': a > b,
    '<=': a <= b,
    '>=': a >= b,
  };
  const result = results[operator];
  return typeof result === 'number' && !Number.isFinite(result) ? undefined : result;
}

/** Blocks that `dynamic` makes, for lists that are known; one with unknown values for a list that is not. */
export function expandDynamic(raw: unknown, scope: Scope): readonly [string, Value[]][] {
  if (typeof raw !== 'object' || raw === null) return [];
  const all = Array.isArray(raw) ? (raw as unknown[]) : [raw];
  return all.flatMap((one) =>
    Object.entries(one as Record<string, unknown>).flatMap(([name, definitions]) =>
      (Array.isArray(definitions) ? (definitions as unknown[]) : [definitions]).map(
        (definition): [string, Value[]] => [name, oneDynamic(name, definition, scope)],
      ),
    ),
  );
}

function oneDynamic(name: string, definition: unknown, scope: Scope): Value[] {
  const { for_each: forEach, iterator, content } = (definition ?? {}) as Record<string, unknown>;
  const each = instancesOf(evaluateJson(forEach ?? null, scope));
  const called = typeof iterator === 'string' ? iterator : name;
  const inner = (instance: Block | undefined): Value =>
    evaluateJson(content ?? {}, (path) =>
      path[0] === called && instance !== undefined ? within(instance, path.slice(1)) : scope(path),
    );
  return each === undefined ? [inner(undefined)] : each.map((instance) => inner(instance));
}

/** What `for_each` goes over, as `{ key, value }`; undefined where it is not known. */
export function instancesOf(value: Value): Block[] | undefined {
  if (isList(value)) return value.map((item, index) => ({ key: textOf(item) ?? String(index), value: item }));
  return isBlock(value) ? Object.entries(value).map(([key, inner]) => ({ key, value: inner })) : undefined;
}
