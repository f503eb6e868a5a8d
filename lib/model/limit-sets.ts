import type { ServiceConfig, StackConfig } from '../config/schema.ts';
import type { LimitSet, Service } from './deployment.ts';

/** The limits that hold for a service: its own, or those of `limits.perIdentity`. */
export function limitSetOf(service: ServiceConfig, limits: StackConfig['limits']): LimitSet {
  const { requestsPerSecond, burst } = service.rate ?? limits.perIdentity;
  const concurrentStreams = service.concurrentStreams ?? limits.perIdentity.concurrentStreams;
  return {
    name: `rate${requestsPerSecond}_burst${burst}_streams${concurrentStreams}`,
    requestsPerSecond,
    burst,
    concurrentStreams,
  };
}

/** The different sets among the services with the names of those that have them, in a stable order. */
export function distinctLimitSets(
  services: readonly Pick<Service, 'name' | 'limitSet'>[],
): (LimitSet & { members: string[] })[] {
  const byName = new Map<string, LimitSet & { members: string[] }>();
  for (const { name, limitSet } of services) {
    const known = byName.get(limitSet.name);
    if (known === undefined) byName.set(limitSet.name, { ...limitSet, members: [name] });
    else known.members.push(name);
  }
  return [...byName.values()].sort(
    (a, b) =>
      a.requestsPerSecond - b.requestsPerSecond ||
      a.burst - b.burst ||
      a.concurrentStreams - b.concurrentStreams,
  );
}
