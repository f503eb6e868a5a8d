import { reviewText } from '../messages/review-changes.ts';
import type { Service } from '../model/deployment.ts';
import { gatewayRoutes } from '../model/routes.ts';
import { ollamaRoutes } from '../config/ollama-routes.ts';
import { markOf, type Finding } from './change.ts';
import { compareRequests, type Said } from './compare-requests.ts';
import type { StackView } from './stack-view.ts';

/** Services added, rotated, revoked; what they may call, how often, and with whose keys. */
export function compareServices(before: StackView, after: StackView): Finding[] {
  const earlier = new Map(before.deployment.services.map((service) => [service.name, service]));
  const later = new Map(after.deployment.services.map((service) => [service.name, service]));
  const lines = new Map<string, Said & { readonly services: string[] }>();
  for (const name of [...new Set([...earlier.keys(), ...later.keys()])].sort()) {
    const said = [
      ...describe(earlier.get(name), later.get(name)),
      ...(earlier.has(name) && later.has(name) ? settingsOf(name, before, after) : []),
      ...compareRequests(name, before, after),
    ];
    for (const { mark, words } of said) {
      const key = `${mark} ${words}`;
      const line = lines.get(key);
      if (line === undefined) lines.set(key, { mark, words, services: [name] });
      else line.services.push(name);
    }
  }
  return [...lines.values()].map(({ mark, words, services }) => ({
    mark,
    text: reviewText.services(services, words),
  }));
}

function describe(before: Service | undefined, after: Service | undefined): Said[] {
  if (before === undefined) {
    if (after === undefined) return [];
    const { grants, limitSet, identities } = after;
    const generations = identities.map(({ generation }) => generation);
    return [{ mark: 'widens', words: reviewText.serviceAdded(generations, shortest(grants), limitSet) }];
  }
  if (after === undefined) return [{ mark: 'narrows', words: reviewText.serviceRemoved }];
  return [...rotation(before, after), ...routes(before, after), ...limits(before, after)];
}

function rotation(before: Service, after: Service): Said[] {
  const earlier = before.identities.map(({ generation }) => generation);
  const later = after.identities.map(({ generation }) => generation);
  const gained = later.filter((generation) => !earlier.includes(generation));
  const dropped = earlier.filter((generation) => !later.includes(generation));
  const newest = Math.max(...earlier);
  if (gained.some((generation) => generation < newest))
    return [{ mark: 'widens', words: reviewText.earlierLetIn(gained) }];
  if (gained.length > 0) return [{ mark: 'neutral', words: reviewText.rotated(gained, dropped, later) }];
  return dropped.length > 0 ? [{ mark: 'narrows', words: reviewText.generationDropped(dropped) }] : [];
}

function routes(before: Service, after: Service): Said[] {
  const [earlier, later] = [openRoutes(before.grants), openRoutes(after.grants)];
  const gained = later.filter((route) => !earlier.includes(route));
  const lost = earlier.filter((route) => !later.includes(route));
  return [
    ...(gained.length === 0
      ? []
      : [{ mark: 'widens' as const, words: reviewText.routesGained(byClass(gained)) }]),
    ...(lost.length === 0 ? [] : [{ mark: 'narrows' as const, words: reviewText.routesLost(byClass(lost)) }]),
  ];
}

/** The names of the routes that grants open. */
function openRoutes(grants: readonly string[]): string[] {
  return ollamaRoutes
    .filter((_, index) => gatewayRoutes[index]?.grants.some((grant) => grants.includes(grant)) === true)
    .map(({ name }) => name);
}

/** A class in place of its routes where all of them are there. */
function byClass(names: readonly string[]): string[] {
  const rest = new Set(names);
  const whole = (['read', 'inference'] as const).filter((one) => {
    const ofClass = ollamaRoutes.filter((route) => route.class === one).map(({ name }) => name);
    if (!ofClass.every((name) => rest.has(name))) return false;
    ofClass.forEach((name) => rest.delete(name));
    return true;
  });
  return [...whole, ...rest];
}

function shortest(grants: readonly string[]): string[] {
  return byClass(openRoutes(grants));
}

function limits(before: Service, after: Service): Said[] {
  const measures = ['requestsPerSecond', 'burst', 'concurrentStreams'] as const;
  return measures.flatMap((measure) => {
    const [earlier, later] = [before.limitSet[measure], after.limitSet[measure]];
    return earlier === later
      ? []
      : [
          {
            mark: markOf(later > earlier, true),
            words: reviewText.limit[measure](earlier, later),
          },
        ];
  });
}

/** What is no part of the gateway's files: how long its certificate lives. */
function settingsOf(name: string, before: StackView, after: StackView): Said[] {
  const days = [before, after].map(({ stack }) => stack.services[name]?.certificateLifetimeDays);
  const [earlier, later] = days;
  return earlier === undefined || later === undefined || earlier === later
    ? []
    : [{ mark: markOf(later > earlier, true), words: reviewText.certificateDays(earlier, later) }];
}
