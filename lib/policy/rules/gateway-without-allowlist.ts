import type { Rule } from '../rule.ts';
import { all, gatewaysOf, inForce, refusals, type ModelLocation } from '../terms/gateway.ts';
import type { Directive } from '../terms/nginx.ts';

/** Variables that say which certificate a client has shown. */
const certificateVariables = [
  '$ssl_client_s_dn',
  '$ssl_client_s_dn_legacy',
  '$ssl_client_fingerprint',
  '$ssl_client_serial',
];

interface Names {
  readonly sources: readonly string[];
  readonly maps: readonly Directive[];
}

/** What is compared in a refusal: whether it keeps out everyone who is not on a list. */
function isAllowlist(condition: readonly string[], { sources, maps }: Names): boolean {
  const [left = '', operator = '', right = ''] = condition;
  const mapOf = (variable: string): Directive | undefined =>
    maps.find(({ args }) => args[1] === variable && sources.includes(args[0] ?? ''));
  if (operator === '!=') {
    const map = mapOf(left) ?? mapOf(right);
    const other = map?.args[1] === left ? right : left;
    // The certificate is compared with what the list has for it.
    if (map !== undefined && sources.includes(other)) return listsNames(map, maps);
  }
  // `if ($is_allowed = 0)`, `if ($service = "")`, and with one word alone: empty and 0 are false.
  const map = mapOf(left);
  if (map !== undefined && operator === '=') return defaultOf(map) === right && listsKeys(map);
  if (map !== undefined && operator === '!=') return defaultOf(map) !== right && listsKeys(map);
  return false;
}

const defaultOf = (map: Directive): string =>
  map.block?.find(({ name }) => name === 'default')?.args[0] ?? '';

/** Keys that a certificate has to have exactly: no regular expression and no wildcard. */
const listsKeys = (map: Directive): boolean =>
  map.block?.every(({ name }) => name === 'default' || !/^~|\*/.test(name)) ?? false;

/** Each name stands for itself, or for what another list has. */
function listsNames(map: Directive, maps: readonly Directive[]): boolean {
  return (
    listsKeys(map) &&
    !defaultOf(map).startsWith('$') &&
    (map.block ?? []).every(({ name, args }) => {
      const value = args[0] ?? '';
      if (name === 'default' || value === name) return true;
      const other = maps.find((one) => one.args[1] === value);
      return (
        other !== undefined &&
        listsKeys(other) &&
        !defaultOf(other).startsWith('$') &&
        defaultOf(other) !== name
      );
    })
  );
}

function problemOf(location: ModelLocation): string | undefined {
  const verify = inForce(location, 'ssl_verify_client')[0]?.args[0] ?? 'off';
  if (verify !== 'on') return `ssl_verify_client is ${verify}`;
  const root = location.around[0] ?? [];
  const sources = [...certificateVariables];
  for (const { args } of all(root, 'set')) {
    if (sources.includes(args[1] ?? '')) sources.push(args[0] ?? '');
  }
  const names = { sources, maps: all(root, 'map') };
  return refusals(location).some((condition) => isAllowlist(condition, names))
    ? undefined
    : 'nothing compares the certificate with a list of those that are let in';
}

export const gatewayWithoutAllowlist: Rule = {
  id: 'gateway-without-allowlist',
  level: 'error',
  title: 'the gateway passes requests on without its list of certificates',
  why:
    'A CA signs what it is given: without ssl_verify_client and the list, every certificate of it is let in, a revoked ' +
    "or another stack's one included.",
  check: (stack, { modelPorts }) => {
    const { locations, unreadable } = gatewaysOf(stack, modelPorts);
    const found = new Map<string, string>();
    for (const location of locations) {
      const problem = problemOf(location);
      const key = `${location.file}\n${problem ?? ''}`;
      if (problem !== undefined && !found.has(key)) found.set(key, location.name);
    }
    return [
      ...[...found].map(([key, location]) => {
        const [resource = '', problem = ''] = key.split('\n');
        return {
          resource,
          problem: `location ${location}: ${problem}`,
          fix: 'include access.conf and tls.conf in the server, as the rendered nginx.conf does',
        };
      }),
      ...unreadable.map((resource) => ({
        resource,
        problem: 'it is no configuration of nginx that can be read',
        fix: 'run `nginx -t` over it, and render it anew',
      })),
    ];
  },
};
