import { evaluateJson, within } from '../expression/evaluate.ts';
import { Unknown, type Block, type Provisioner, type Resource, type Stack, type Value } from '../stack.ts';
import { addressOf, isBlock, withoutIndexes } from '../values.ts';
import { isJson, objectOf, objectsOf, stringsOf, type Json } from './json.ts';
import type { Source } from './source.ts';

/** A plan as `terraform show -json` prints it, as rules see it. */
export function stackOfPlan({ name, folder, files }: Source, json: Json): Stack {
  const configured = new Map<string, Configured>();
  const root = objectOf(objectOf(json['configuration'])['root_module']);
  collect(root, '', configured);
  const planned = objectOf(objectOf(json['planned_values'])['outputs']);
  return {
    name,
    folder,
    beside: [],
    form: 'plan',
    resources: [
      ...objectsOf(json['resource_changes']).map((change) => resourceOf(change, configured)),
      ...dataOf(json, configured),
    ],
    outputs: Object.entries(objectOf(root['outputs'])).map(([output, body]) => ({
      name: output,
      isSensitive: objectOf(body)['sensitive'] === true || objectOf(planned[output])['sensitive'] === true,
      value: combine(
        objectOf(planned[output])['value'],
        !('value' in objectOf(planned[output])),
        objectOf(body)['expression'],
        undefined,
      ),
    })),
    variables: Object.entries(objectOf(root['variables'])).map(([variable, body]) => ({
      name: variable,
      isSensitive: objectOf(body)['sensitive'] === true,
      default: 'default' in objectOf(body) ? plain(objectOf(body)['default']) : undefined,
    })),
    modules: Object.entries(objectOf(root['module_calls'])).map(([module, call]) => ({
      name: module,
      values: expressionsOf(objectOf(call)['expressions']),
    })),
    providers: Object.values(objectOf(objectOf(json['configuration'])['provider_config'])).map((body) => ({
      name: String(objectOf(body)['name']),
      values: expressionsOf(objectOf(body)['expressions']),
    })),
    locals: {},
    terraform: undefined,
    acknowledgements: undefined,
    files,
  };
}

interface Configured {
  readonly expressions: Json;
  readonly dependsOn: readonly string[];
  readonly provisioners: readonly Json[];
  /** The module's prefix: references in a configuration have none. */
  readonly module: string;
}

function collect(module: Json, prefix: string, into: Map<string, Configured>): void {
  for (const one of objectsOf(module['resources'])) {
    into.set(prefix + String(one['address']), {
      expressions: objectOf(one['expressions']),
      dependsOn: stringsOf(one['depends_on']).map((address) => prefix + address),
      provisioners: objectsOf(one['provisioners']),
      module: prefix,
    });
  }
  for (const [name, call] of Object.entries(objectOf(module['module_calls']))) {
    collect(objectOf(objectOf(call)['module']), `${prefix}module.${name}.`, into);
  }
}

function resourceOf(change: Json, configured: ReadonlyMap<string, Configured>): Resource {
  const address = String(change['address']);
  const inner = objectOf(change['change']);
  const found = configured.get(withoutIndexes(address));
  const { after, after_unknown: unknown, after_sensitive: sensitive, before } = inner;
  const values = combine(after ?? {}, unknown, found?.expressions, sensitive);
  const prefixed = (reference: string): string =>
    /^(?:var|local|each|count|self|path|terraform)\./.test(reference)
      ? reference
      : (found?.module ?? '') + reference;
  const referencesIn = (expression: unknown): string[] => [...new Set(references(expression).map(prefixed))];
  return {
    type: String(change['type']),
    name: String(change['name']),
    address,
    isData: change['mode'] === 'data',
    values: isBlock(values) ? values : {},
    references: (attribute) => referencesIn(found?.expressions[attribute]),
    dependencies: [...(found?.dependsOn ?? []), ...referencesIn(found?.expressions).map(addressOf)].filter(
      (other) => configured.has(other),
    ),
    provisioners: (found?.provisioners ?? []).map((one): Provisioner => ({
      type: String(one['type']),
      values: withSelf(expressionsOf(one['expressions']), address, isBlock(values) ? values : {}),
      connection: undefined,
    })),
    connection: undefined,
    actions: stringsOf(inner['actions']),
    before: isJson(before) ? (plain(before) as Block) : undefined,
  };
}

/** The output of a terraform_data is its input, and known at apply alone. */
const asGiven = ([first = '', ...rest]: readonly string[]): string[] => [
  first === 'output' ? 'input' : first,
  ...rest,
];

/** Expressions of a provisioner, in which `self` is its resource: what it is planned to be counts with the reference. */
function withSelf(expressions: Block, address: string, values: Block): Block {
  const known = (value: Value): Value => {
    if (Array.isArray(value)) return (value as Value[]).map(known);
    if (isBlock(value))
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, known(one)]));
    if (!(value instanceof Unknown)) return value;
    const self = value.references
      .filter((one) => one.startsWith('self.'))
      .map((one) => one.split('.').slice(1));
    return new Unknown(
      [
        ...value.references.filter((one) => !one.startsWith('self.')),
        ...self.map((path) => [withoutIndexes(address), ...path].join('.')),
      ],
      [...value.parts.map(known), ...self.flatMap((path) => within(values, asGiven(path)) ?? [])],
      { isSensitive: value.isSensitive, ...(value.call === undefined ? {} : { call: value.call }) },
    );
  };
  return Object.fromEntries(Object.entries(expressions).map(([key, one]) => [key, known(one)]));
}

/** Data sources that were read already are in the state before the plan alone. */
function dataOf(json: Json, configured: ReadonlyMap<string, Configured>): Resource[] {
  const root = objectOf(objectOf(objectOf(json['prior_state'])['values'])['root_module']);
  return objectsOf(root['resources'])
    .filter(({ mode }) => mode === 'data')
    .map((one) =>
      resourceOf(
        { ...one, change: { actions: ['no-op'], after: one['values'], before: one['values'] } },
        configured,
      ),
    );
}

/**
 * A planned value with what its expression refers to. A text that stands in the configuration as it is counts before
 * what the provider made of it: user_data is planned as a checksum.
 */
function combine(after: unknown, unknown: unknown, expression: unknown, sensitive: unknown): Value {
  const isSensitive = sensitive === true;
  if (unknown === true) return written(expression, isSensitive);
  if (Array.isArray(after) || Array.isArray(unknown)) {
    const items = (Array.isArray(after) ? after : []) as unknown[];
    const length = Math.max(items.length, Array.isArray(unknown) ? unknown.length : 0);
    return Array.from({ length }, (_, index) =>
      combine(
        items[index],
        at(unknown, index),
        partOf(expression, index),
        isSensitive || at(sensitive, index),
      ),
    );
  }
  if (isJson(after) || (isJson(unknown) && Object.keys(unknown).length > 0)) {
    const keys = new Set([...Object.keys(objectOf(after)), ...Object.keys(objectOf(unknown))]);
    return Object.fromEntries(
      [...keys].map((key) => [
        key,
        combine(
          objectOf(after)[key],
          objectOf(unknown)[key],
          partOf(expression, key),
          isSensitive || objectOf(sensitive)[key],
        ),
      ]),
    );
  }
  const known = plain(after);
  if (typeof known !== 'string') return known;
  // A checksum, which is all that the plan has of user_data, hides what it was made of.
  const isChecksum = /^[0-9a-f]{40}$/.test(known) && isJson(expression);
  if (isChecksum) return written(expression, isSensitive);
  if (!isSensitive) return known;
  return new Unknown(references(expression), [known], { isSensitive });
}

/**
 * An expression as it stands in the configuration. Of JSON a plan has the whole text of it; of HCL it has constants, and
 * of everything else the references alone.
 */
function written(expression: unknown, isSensitive: boolean): Value {
  const { constant_value: constant, references: listed } = objectOf(expression);
  const marked = { isSensitive };
  if (constant === undefined) return new Unknown(references(expression), constants(expression), marked);
  // A function of constants has no references, and is not evaluated either.
  const isExpression =
    listed !== undefined || /\$\{[^"]*\b(?:file|filebase64|templatefile)\(/.test(JSON.stringify(constant));
  const value = isExpression ? evaluateJson(constant, () => undefined) : plain(constant);
  if (value instanceof Unknown) {
    const call = value.call === undefined ? {} : { call: value.call };
    return new Unknown(value.references, value.parts, { ...marked, ...call });
  }
  return isSensitive ? new Unknown([], [value], marked) : value;
}

/** The expression of an item or an attribute: of a whole value there is one, which then counts for each part of it. */
function partOf(expression: unknown, key: string | number): unknown {
  if (Array.isArray(expression)) return (expression as unknown[])[Number(key)];
  const { constant_value: constant, references: listed } = objectOf(expression);
  if (constant === undefined && listed === undefined) return objectOf(expression)[key];
  const part = typeof constant === 'object' ? (constant as Json | null)?.[key] : undefined;
  return {
    ...(part === undefined ? {} : { constant_value: part }),
    ...(listed === undefined ? {} : { references: listed }),
  };
}

const at = (value: unknown, index: number): unknown =>
  Array.isArray(value) ? (value as unknown[])[index] : undefined;

/** The longest of the references that the plan lists: beside `a.b.c` it has `a.b` too. */
function references(expression: unknown): string[] {
  if (Array.isArray(expression)) return (expression as unknown[]).flatMap(references);
  if (!isJson(expression)) return [];
  const own = stringsOf(expression['references']).map(withoutIndexes);
  const longest = own.filter((one) => !own.some((other) => other.startsWith(`${one}.`)));
  const inner = Object.entries(expression).flatMap(([key, value]) =>
    key === 'references' || key === 'constant_value' ? [] : references(value),
  );
  return [...longest, ...inner];
}

function constants(expression: unknown): Value[] {
  if (Array.isArray(expression)) return (expression as unknown[]).flatMap(constants);
  if (!isJson(expression)) return [];
  return 'constant_value' in expression
    ? [plain(expression['constant_value'])]
    : Object.entries(expression).flatMap(([key, value]) => (key === 'references' ? [] : constants(value)));
}

/** Expressions alone, of what a plan has no values for. */
function expressionsOf(expressions: unknown): Block {
  return Object.fromEntries(
    Object.entries(objectOf(expressions)).map(([key, expression]) => [key, written(expression, false)]),
  );
}

function plain(json: unknown): Value {
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  if (Array.isArray(json)) return json.map(plain);
  if (!isJson(json)) return null;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, plain(value)]));
}
