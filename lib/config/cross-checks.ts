import { isIP } from 'node:net';
import type * as z from 'zod';
import { configText } from '../messages/config.ts';
import { limitsSection } from './sections/limits.ts';
import { ollamaSection } from './sections/ollama.ts';
import { pkiSection } from './sections/pki.ts';
import { gatewaySection } from './sections/gateway.ts';
import { serviceSection } from './sections/services.ts';
import { splitAddressAndPort } from './values.ts';

/** A rule between fields that was broken; the path is relative to the stack. */
export interface CrossProblem {
  readonly path: readonly string[];
  readonly problem: string;
  readonly allowed: string;
  readonly fix: string;
}

/**
 * How many sets of limits one stack may have. nginx looks at every set's zone on each inference request, and keeps
 * one shared memory zone for each.
 */
export const maxLimitSets = 16;

/**
 * Checks the rules between fields. It takes a stack as written and looks at each field that is valid by itself, so
 * that these rules are reported together with the errors of other fields.
 */
export function crossChecks(stack: unknown): CrossProblem[] {
  return [...lifetimes(stack), ...ports(stack), ...ollamaAddress(stack), ...limitSets(stack)];
}

/** The value at a path if it is valid by itself, its default if it is absent, and undefined otherwise. */
function valid<Schema extends z.ZodType>(
  schema: Schema,
  stack: unknown,
  path: readonly string[],
): z.output<Schema> | undefined {
  let value: unknown = stack;
  for (const key of path) {
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function serviceNames(stack: unknown): string[] {
  const services = isObject(stack) ? stack['services'] : undefined;
  return isObject(services) ? Object.keys(services) : [];
}

function lifetimes(stack: unknown): CrossProblem[] {
  const caDays = valid(pkiSection.shape.caLifetimeDays, stack, ['pki', 'caLifetimeDays']);
  if (caDays === undefined) return [];
  const leaves: [string[], z.ZodType<number>][] = [
    [['pki', 'serverCertificateLifetimeDays'], pkiSection.shape.serverCertificateLifetimeDays],
    ...serviceNames(stack).map((name): [string[], z.ZodType<number>] => [
      ['services', name, 'certificateLifetimeDays'],
      serviceSection.shape.certificateLifetimeDays,
    ]),
  ];
  return leaves
    .filter(([path, schema]) => (valid(schema, stack, path) ?? 0) > caDays)
    .map(([path]) => ({ path, ...configText.outlivesCa(caDays) }));
}

function ports(stack: unknown): CrossProblem[] {
  const { listenPort, plainListenPort } = gatewaySection.shape;
  const host = valid(ollamaSection.shape.host, stack, ['ollama', 'host']);
  const listeners: [string[], number | false | undefined][] = [
    [['gateway', 'listenPort'], valid(listenPort, stack, ['gateway', 'listenPort'])],
    [['gateway', 'plainListenPort'], valid(plainListenPort, stack, ['gateway', 'plainListenPort'])],
    [['ollama', 'host'], host === undefined ? undefined : splitAddressAndPort(host)?.port],
  ];
  return listeners.flatMap(([path, port], index) => {
    const twin = listeners.slice(0, index).find(([, other]) => port !== undefined && other === port);
    return port === false || twin === undefined ? [] : [{ path, ...configText.samePort(twin[0].join('.')) }];
  });
}

function ollamaAddress(stack: unknown): CrossProblem[] {
  const host = valid(ollamaSection.shape.host, stack, ['ollama', 'host']);
  const address = host === undefined ? undefined : splitAddressAndPort(host)?.address;
  if (address === undefined) return [];
  const path = ['ollama', 'nonLoopbackHostReason'];
  const reasonGiven =
    isObject(stack) && isObject(stack['ollama']) && stack['ollama']['nonLoopbackHostReason'] !== undefined;
  if (isLoopback(address)) return reasonGiven ? [{ path, ...configText.needlessReason }] : [];
  return reasonGiven ? [] : [{ path: ['ollama', 'host'], ...configText.exposedOllama }];
}

/** Whether an address is of 127.0.0.0/8 (RFC 1122) or ::1 (RFC 4291). */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  return /^(?:0{1,4}:){7}0{0,3}1$|^::(?:0{0,3})1$/.test(address);
}

function limitSets(stack: unknown): CrossProblem[] {
  const fallback = valid(limitsSection.shape.perIdentity, stack, ['limits', 'perIdentity']);
  if (fallback === undefined) return [];
  const sets = new Set(
    serviceNames(stack).map((name) => {
      const rate = valid(serviceSection.shape.rate, stack, ['services', name, 'rate']) ?? fallback;
      const streams =
        valid(serviceSection.shape.concurrentStreams, stack, ['services', name, 'concurrentStreams']) ??
        fallback.concurrentStreams;
      return `${rate.requestsPerSecond} ${rate.burst} ${streams}`;
    }),
  );
  return sets.size > maxLimitSets ? [{ path: ['services'], ...configText.tooManyLimits(maxLimitSets) }] : [];
}
