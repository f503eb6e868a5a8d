import type * as z from 'zod';
import { configText } from '../messages/config.ts';
import { limitsSection } from './sections/limits.ts';
import { ollamaSection } from './sections/ollama.ts';
import { pkiSection } from './sections/pki.ts';
import { gatewaySection } from './sections/gateway.ts';
import { serviceSection } from './sections/services.ts';
import { deployChecks } from './deploy-checks.ts';
import { firewallChecks } from './firewall-checks.ts';
import { identityChecks } from './identity-checks.ts';
import { isLoopback } from './loopback.ts';
import { isObject, valid, type CrossProblem } from './valid-value.ts';
import { splitAddressAndPort } from './values.ts';

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
  return [
    ...lifetimes(stack),
    ...ports(stack),
    ...ollamaAddress(stack),
    ...limitSets(stack),
    ...deployChecks(stack),
    ...firewallChecks(stack),
    ...identityChecks(stack),
  ];
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
