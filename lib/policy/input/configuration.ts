import {
  evaluateJson,
  expandDynamic,
  instancesOf,
  traversalsInJson,
  within,
  type Scope,
} from '../expression/evaluate.ts';
import { Unknown, type Block, type Provisioner, type Resource, type Stack, type Value } from '../stack.ts';
import { addressOf, isBlock, leavesOf, textOf } from '../values.ts';
import { objectOf, objectsOf, stringsOf, type Json } from './json.ts';
import type { Source } from './source.ts';

/** Arguments of a resource that terraform itself reads. */
const metaArguments = new Set([
  '//',
  'depends_on',
  'lifecycle',
  'count',
  'for_each',
  'provider',
  'provisioner',
  'connection',
  'dynamic',
]);

/** Data sources and resources whose result is what they are given. */
const passedOn: Readonly<Record<string, string>> = {
  'data.cloudinit_config': 'rendered',
  'data.template_cloudinit_config': 'rendered',
  'data.template_file': 'rendered',
  terraform_data: 'output',
  null_resource: 'triggers',
  local_file: 'content',
};

/** Terraform's JSON configuration, such as cdktf writes to `cdk.tf.json`, as rules see it. */
export function stackOfConfiguration({ name, folder, beside, files }: Source, json: Json): Stack {
  const reader = new Reader(json);
  return {
    name,
    folder,
    beside,
    form: 'configuration',
    resources: reader.resources(),
    outputs: named(json['output']).map(([output, body]) => ({
      name: output,
      isSensitive: body['sensitive'] === true || body['sensitive'] === 'true',
      value: evaluateJson(body['value'] ?? null, reader.scope),
    })),
    variables: reader.variables,
    modules: named(json['module']).map(([module, body]) => ({
      name: module,
      values: asBlock(evaluateJson(body, reader.scope)),
    })),
    providers: named(json['provider']).map(([provider, body]) => ({
      name: provider,
      values: asBlock(evaluateJson(body, reader.scope)),
    })),
    locals: Object.fromEntries(
      objectsOf(json['locals']).flatMap((body) =>
        Object.keys(body).map((local) => [local, reader.local(local) ?? null]),
      ),
    ),
    terraform: asBlock(evaluateJson(merged(json['terraform']), reader.scope)),
    acknowledgements: objectOf(json['//'])['acknowledgements'],
    files,
  };
}

class Reader {
  readonly variables: readonly Stack['variables'][number][];
  readonly #raw: ReadonlyMap<string, Json>;
  readonly #locals: Json;
  readonly #defaults: ReadonlyMap<string, Value>;
  readonly #cache = new Map<string, Value>();
  readonly #references = new Map<string, readonly string[]>();
  readonly #open = new Set<string>();

  constructor(json: Json) {
    this.#raw = new Map([...bodies(json['resource'], ''), ...bodies(json['data'], 'data.')]);
    this.#locals = merged(json['locals']);
    this.variables = named(json['variable']).map(([name, body]) => ({
      name,
      isSensitive: body['sensitive'] === true || body['sensitive'] === 'true',
      default: 'default' in body ? evaluateJson(body['default'], () => undefined) : undefined,
    }));
    this.#defaults = new Map(
      this.variables.flatMap((one) =>
        one.isSensitive || one.default === undefined ? [] : [[one.name, one.default] as const],
      ),
    );
  }

  resources(): Resource[] {
    return [...this.#raw].flatMap(([address, body]) => this.#instances(address, body));
  }

  readonly scope: Scope = (path) => {
    const [first = '', second = '', ...rest] = path;
    if (first === 'var')
      return this.#defaults.has(second) ? within(this.#defaults.get(second), rest) : undefined;
    if (first === 'local') return within(this.local(second), rest);
    return this.#attribute(path);
  };

  local(name: string): Value | undefined {
    const raw = this.#locals[name];
    return raw === undefined ? undefined : this.#once(`local.${name}`, () => evaluateJson(raw, this.scope));
  }

  /** An argument of another resource that the configuration itself gives. */
  #attribute(path: readonly string[]): Value | undefined {
    const address = addressOf(path.join('.'));
    const body = this.#raw.get(address);
    if (body === undefined) return undefined;
    const [attribute, ...rest] = path.slice(address.split('.').length);
    if (attribute === undefined)
      return new Unknown([address], [this.#once(address, () => evaluateJson(body, this.scope))]);
    const kind = address.split('.').slice(0, -1).join('.');
    if (passedOn[kind] === attribute) {
      return new Unknown([path.join('.')], [this.#once(address, () => evaluateJson(body, this.scope))]);
    }
    if (body[attribute] === undefined || 'for_each' in body) return undefined;
    const value = this.#once(`${address}.${attribute}`, () => evaluateJson(body[attribute], this.scope));
    return within(value, rest);
  }

  /** Each name is read once; one that needs itself is unknown. */
  #once(key: string, read: () => Value): Value {
    const kept = this.#cache.get(key);
    if (kept !== undefined) return kept;
    if (this.#open.has(key)) return new Unknown([key]);
    this.#open.add(key);
    try {
      const value = read();
      this.#cache.set(key, value);
      return value;
    } finally {
      this.#open.delete(key);
    }
  }

  #instances(address: string, body: Json): Resource[] {
    const one = (suffix: string, scope: Scope): Resource => this.#resource(address, suffix, body, scope);
    if (body['for_each'] !== undefined) {
      const list = evaluateJson(body['for_each'], this.scope);
      const each = instancesOf(list);
      return each === undefined
        ? [one('', (path) => (path[0] === 'each' ? anyOf(list, path) : this.scope(path)))]
        : each.map((instance) =>
            one(`["${textOf(instance['key']) ?? ''}"]`, (path) =>
              path[0] === 'each' ? within(instance, path.slice(1)) : this.scope(path),
            ),
          );
    }
    if (body['count'] === undefined) return [one('', this.scope)];
    const count = evaluateJson(body['count'], this.scope);
    const known = typeof count === 'number' || typeof count === 'string' ? Number(count) : undefined;
    if (known === undefined || !(known <= 100)) return [one('', this.scope)];
    return Array.from({ length: known }, (_, index) =>
      one(`[${index}]`, (path) => (path.join('.') === 'count.index' ? index : this.scope(path))),
    );
  }

  #resource(address: string, suffix: string, body: Json, scope: Scope): Resource {
    const parts = address.split('.');
    const [type = '', name = ''] = parts.slice(-2);
    const own = { ...objectOf(body), '//': undefined };
    const withSelf: Scope = (path) =>
      path[0] === 'self' ? this.#self(address, body, path.slice(1), scope) : scope(path);
    const connections = (raw: unknown): Block | undefined => {
      const [connection] = objectsOf(raw);
      return connection === undefined ? undefined : asBlock(evaluateJson(connection, withSelf));
    };
    const readProvisioners = (): Provisioner[] =>
      objectsOf(body['provisioner']).flatMap((block) =>
        Object.entries(block).flatMap(([kind, inner]) =>
          objectsOf(inner).map(({ connection, ...rest }) => ({
            type: kind,
            values: asBlock(evaluateJson(rest, withSelf)),
            connection: connections(connection),
          })),
        ),
      );
    let values: Block | undefined;
    return {
      type,
      name,
      address: address + suffix,
      isData: parts[0] === 'data',
      get values() {
        values ??= valuesOf(body, scope);
        return values;
      },
      references: (attribute) => this.#referencesIn(body[attribute]),
      dependencies: [...stringsOf(body['depends_on']), ...this.#referencesIn(own).map(addressOf)].filter(
        (other) => this.#raw.has(other) && other !== address,
      ),
      provisioners: readProvisioners(),
      connection: connections(body['connection']),
      actions: undefined,
      before: undefined,
    };
  }

  /** What `self.…` is in a provisioner: an argument of the resource, or what the provider gives. */
  #self(address: string, body: Json, path: readonly string[], scope: Scope): Value {
    const [attribute = '', ...rest] = path;
    const own = body[attribute] === undefined ? undefined : evaluateJson(body[attribute], scope);
    const isPassedOn = passedOn[address.split('.')[0] ?? ''] === attribute;
    const parts = own === undefined && isPassedOn ? [valuesOf(body, scope)] : [];
    return within(own, rest) ?? new Unknown([[address, ...path].join('.')], parts);
  }

  /** References of a part, those of the locals in it included. */
  #referencesIn(json: unknown): string[] {
    return [
      ...new Set(
        traversalsInJson(json).flatMap((path) =>
          path[0] === 'local' ? this.#referencesOfLocal(path[1] ?? '') : [path.join('.')],
        ),
      ),
    ];
  }

  #referencesOfLocal(name: string): readonly string[] {
    const kept = this.#references.get(name);
    if (kept !== undefined) return kept;
    // Against locals that need each other.
    this.#references.set(name, []);
    const found = this.#referencesIn(this.#locals[name]);
    this.#references.set(name, found);
    return found;
  }
}

/** What `each.value.…` may be, of a list that is not known: that attribute of what it refers to. */
function anyOf(list: Value, [, part, ...path]: readonly string[]): Value | undefined {
  if (part !== 'value') return undefined;
  const leaves = leavesOf(list);
  return new Unknown(
    leaves.flatMap(({ reference }) => (reference === undefined ? [] : [[reference, ...path].join('.')])),
    path.length === 0 ? [list] : [],
  );
}

function valuesOf(body: Json, scope: Scope): Block {
  const values: Record<string, Value> = {};
  for (const [key, raw] of Object.entries(body)) {
    if (!metaArguments.has(key)) values[key] = evaluateJson(raw, scope);
  }
  for (const [block, made] of expandDynamic(body['dynamic'], scope)) {
    const there = values[block];
    values[block] = [
      ...(there === undefined ? [] : Array.isArray(there) ? (there as Value[]) : [there]),
      ...made,
    ];
  }
  return values;
}

/** `{ NAME: BODY }`, where a body may be a list of bodies of the same name. */
function named(raw: unknown): [string, Json][] {
  return objectsOf(raw).flatMap((block) =>
    Object.entries(block)
      .filter(([name]) => name !== '//')
      .flatMap(([name, body]) => objectsOf(body).map((one): [string, Json] => [name, one])),
  );
}

function bodies(raw: unknown, prefix: string): [string, Json][] {
  return objectsOf(raw).flatMap((block) =>
    Object.entries(block).flatMap(([type, resources]) =>
      named(resources).map(([name, body]): [string, Json] => [`${prefix}${type}.${name}`, body]),
    ),
  );
}

function merged(raw: unknown): Json {
  return Object.assign({}, ...objectsOf(raw)) as Json;
}

function asBlock(value: Value): Block {
  return isBlock(value) ? value : {};
}
