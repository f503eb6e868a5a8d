import type { Block } from './corpus-case.ts';

/**
 * What `terraform show -json` prints of a plan that creates a configuration: values that are known, the rest as unknown,
 * and the expressions as it keeps them for JSON. In the shape that terraform 1.11 has, which test/policy/real-plan.test.ts
 * compares; far from all that terraform knows.
 */
export function asPlan(configuration: Block): Block {
  const resources = Object.entries(object(configuration['resource'])).flatMap(([type, named]) =>
    Object.entries(object(named)).map(([name, body]) => ({ type, name, body: object(body) })),
  );
  const known = knownValues(configuration, resources);
  const described = resources.map(({ type, name, body }) => {
    const { depends_on, provisioner, connection: _connection, '//': _comment, ...values } = body;
    return {
      address: `${type}.${name}`,
      type,
      name,
      values: { ...providerDefaults[type], ...values },
      configured: {
        address: `${type}.${name}`,
        mode: 'managed',
        type,
        name,
        expressions: expressions(values),
        ...(depends_on === undefined ? {} : { depends_on }),
        ...(provisioner === undefined ? {} : { provisioners: provisioners(provisioner) }),
      },
    };
  });
  const outputs = Object.entries(object(configuration['output'])).map(
    ([name, body]) => [name, object(body)] as const,
  );
  return {
    format_version: '1.2',
    planned_values: {
      root_module: {},
      outputs: Object.fromEntries(
        outputs.map(([name, body]) => [
          name,
          { sensitive: body['sensitive'] === true, ...withoutUnknown(body['value'], known) },
        ]),
      ),
    },
    resource_changes: described.map(({ address, type, name, values }) => ({
      address,
      mode: 'managed',
      type,
      name,
      change: {
        actions: ['create'],
        before: null,
        after: after(values, known),
        after_unknown: afterUnknown(values, known),
        before_sensitive: false,
        after_sensitive: {},
      },
    })),
    configuration: {
      provider_config: Object.fromEntries(
        Object.entries(object(configuration['provider'])).map(([name, list]) => [
          name,
          { name, expressions: expressions(object(Array.isArray(list) ? list[0] : list)) },
        ]),
      ),
      root_module: {
        resources: described.map(({ configured }) => configured),
        outputs: Object.fromEntries(
          outputs.map(([name, { value, sensitive }]) => [
            name,
            { ...(sensitive === true ? { sensitive } : {}), expression: expression(value) },
          ]),
        ),
        variables: configuration['variable'] ?? {},
      },
    },
  };
}

/** What the providers fill in. */
const providerDefaults: Readonly<Record<string, Block>> = {
  tls_private_key: { ecdsa_curve: 'P224', rsa_bits: 2_048 },
  tls_locally_signed_cert: { is_ca_certificate: false },
};

const object = (value: unknown): Block =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : {};

interface Described {
  readonly type: string;
  readonly name: string;
  readonly body: Block;
}

function knownValues(configuration: Block, resources: readonly Described[]): ReadonlyMap<string, unknown> {
  const variables = Object.entries(object(configuration['variable'])).map(
    ([name, body]) => [`var.${name}`, object(body)['default']] as const,
  );
  const attributes = resources.flatMap(({ type, name, body }) =>
    Object.entries(body).map(([key, value]) => [`${type}.${name}.${key}`, value] as const),
  );
  const constants = [
    ['11434', '11434'],
    ['tostring(443)', '443'],
    ['join("-", ["11000", "12000"])', '11000-12000'],
    ['format("%d", 11434)', '11434'],
    ['true ? "443" : "11434"', '443'],
    ['false ? "443" : "11434"', '11434'],
    ['24 * 365 * 10', 87_600],
    ['local.ports', object(configuration['locals'])['ports']],
  ] as const;
  return new Map<string, unknown>([...variables, ...attributes, ...constants]);
}

/** A text that is one expression and nothing else. */
const whole = (text: string): string | undefined => /^\$\{([^]*)\}$/.exec(text)?.[1];

function resolve(value: unknown, known: ReadonlyMap<string, unknown>): unknown {
  if (typeof value !== 'string' || !/(?<!\$)\$\{/.test(value)) {
    return typeof value === 'string' ? value.replaceAll('$${', '${') : value;
  }
  const inner = whole(value);
  const found = inner === undefined ? undefined : known.get(inner);
  return found === undefined ? undefined : resolve(found, known);
}

function after(value: unknown, known: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => after(item, known) ?? null);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => {
        const planned = after(inner, known);
        return planned === undefined
          ? []
          : [[key, blocks.has(key) && !Array.isArray(planned) ? [planned] : planned]];
      }),
    );
  }
  return resolve(value, known);
}

/** Blocks are lists in a plan, however they were written. */
const blocks = new Set(['inbound_rule', 'forwarding_rule']);

function afterUnknown(value: unknown, known: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => afterUnknown(item, known));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => {
        const unknown = afterUnknown(inner, known);
        return unknown === false ? [] : [[key, unknown]];
      }),
    );
  }
  return typeof value === 'string' && resolve(value, known) === undefined;
}

function withoutUnknown(value: unknown, known: ReadonlyMap<string, unknown>): Block {
  return JSON.stringify(afterUnknown(value, known)).includes('true') ? {} : { value: after(value, known) };
}

/** A block of expressions; blocks within it are lists of such. */
function expressions(values: Block): Block {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const isBlock = Array.isArray(value) && value.every((item) => typeof item === 'object');
      return [key, isBlock ? value.map((item) => expressions(object(item))) : expression(value)];
    }),
  );
}

/** As terraform has it for JSON: the whole value as it stands, and what it refers to, each with its resource. */
function expression(value: unknown): Block {
  const text = JSON.stringify(value ?? null).replaceAll('$${', '');
  const references = text.includes('${')
    ? [
        ...text.matchAll(
          /\b(?:data\.)?(?:[a-z][a-z0-9]*_[a-z0-9_]+|var|local|self|module)\.[\w-]+(?:\.[\w-]+|\[\\"\w+\\"\])?/g,
        ),
      ]
        .map(([found]) => found.replace(/\[\\"(\w+)\\"\]/, '.$1'))
        .flatMap((found) =>
          found.split('.').length > 2 ? [found, found.split('.').slice(0, 2).join('.')] : [found],
        )
    : [];
  return {
    constant_value: value,
    ...(references.length === 0 ? {} : { references: [...new Set(references)] }),
  };
}

function provisioners(raw: unknown): Block[] {
  return (Array.isArray(raw) ? (raw as unknown[]) : [raw]).flatMap((one) =>
    Object.entries(object(one)).map(([type, body]) => {
      const { connection: _connection, ...rest } = object(body);
      return {
        type,
        expressions: Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, expression(value)])),
      };
    }),
  );
}
