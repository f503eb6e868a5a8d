import { reviewText } from '../messages/review-changes.ts';
import type { Service } from '../model/deployment.ts';
import { gatewayRoutes } from '../model/routes.ts';
import { ollamaRoutes } from '../config/ollama-routes.ts';
import { markOf, type Finding, type Mark } from './change.ts';
import type { StackView } from './stack-view.ts';

/** Something that is said of a service, so that services of which the same is said share a line. */
interface Said {
  readonly mark: Mark;
  readonly words: string;
}

/** Services added, rotated, revoked; what they may call, and how often. */
export function compareServices(before: StackView, after: StackView): Finding[] {
  const earlier = new Map(before.deployment.services.map((service) => [service.name, service]));
  const later = new Map(after.deployment.services.map((service) => [service.name, service]));
  const lines = new Map<string, Said & { readonly services: string[] }>();
  for (const name of [...new Set([...earlier.keys(), ...later.keys()])].sort()) {
    const said = [
      ...describe(earlier.get(name), later.get(name)),
      ...(earlier.has(name) && later.has(name) ? settingsOf(name, before, after) : []),
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

/** What is no part of the gateway's files: how long its certificate lives, and whose key it is made for. */
function settingsOf(name: string, before: StackView, after: StackView): Said[] {
  const [earlier, later] = [before.stack.services[name], after.stack.services[name]];
  if (earlier === undefined || later === undefined) return [];
  const days = [earlier.certificateLifetimeDays, later.certificateLifetimeDays] as const;
  return [
    ...(days[0] === days[1]
      ? []
      : [{ mark: markOf(days[1] > days[0], true), words: reviewText.certificateDays(...days) }]),
    ...requestChange(before, after, earlier, later),
  ];
}

type Requests = Pick<StackView['stack']['services'][string], 'csr' | 'previousCsr' | 'generation'>;

/** A request by the generation that it is for: the text of the file counts, wherever it is. */
function requestChange(before: StackView, after: StackView, earlier: Requests, later: Requests): Said[] {
  const requestOf = (view: StackView, service: Requests, generation: number): string | undefined => {
    const path =
      generation === service.generation
        ? service.csr
        : generation === service.generation - 1
          ? service.previousCsr
          : undefined;
    return path === undefined ? undefined : (view.read(path) ?? `unread: ${path}`);
  };
  return [...new Set([earlier.generation - 1, earlier.generation, later.generation])].flatMap(
    (generation): Said[] => {
      const [was, is] = [requestOf(before, earlier, generation), requestOf(after, later, generation)];
      if (is === undefined || was?.trim() === is.trim()) return [];
      return was === undefined
        ? [{ mark: 'neutral', words: reviewText.requestGiven(generation) }]
        : [{ mark: 'widens', words: reviewText.requestChanged(generation) }];
    },
  );
}
