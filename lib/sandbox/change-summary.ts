import type { Deployment, Service } from '../model/deployment.ts';
import type { FileTree } from '../render/file-tree.ts';

/** Says in lines what a change of the configuration means: services first, then the files that differ. */
export function changeSummary(
  before: { deployment: Deployment; tree: FileTree },
  after: { deployment: Deployment; tree: FileTree },
): string[] {
  const files = [...new Set([...before.tree.keys(), ...after.tree.keys()])]
    .filter((path) => before.tree.get(path)?.content !== after.tree.get(path)?.content)
    .sort();
  return [...serviceChanges(before.deployment, after.deployment), ...files.map((path) => `file ${path}`)];
}

function serviceChanges(before: Deployment, after: Deployment): string[] {
  const earlier = new Map(before.services.map((service) => [service.name, service]));
  const later = new Map(after.services.map((service) => [service.name, service]));
  const names = [...new Set([...earlier.keys(), ...later.keys()])].sort();
  return names.flatMap((name) => describeService(name, earlier.get(name), later.get(name)));
}

function describeService(name: string, before: Service | undefined, after: Service | undefined): string[] {
  if (before === undefined) return [`service ${name}: added, with a certificate of its own`];
  if (after === undefined) return [`service ${name}: removed, its certificate gets 401`];
  const changes: string[] = [];
  if (before.generation !== after.generation) {
    changes.push(
      `generation ${before.generation} to ${after.generation}: earlier certificates get 401, a new one is issued`,
    );
  }
  const lost = before.grants.filter((grant) => !after.grants.includes(grant));
  const gained = after.grants.filter((grant) => !before.grants.includes(grant));
  if (gained.length > 0) changes.push(`may now call ${gained.join(', ')}`);
  if (lost.length > 0) changes.push(`may no longer call ${lost.join(', ')}`);
  if (before.limitSet.name !== after.limitSet.name) {
    const { requestsPerSecond, burst, concurrentStreams } = after.limitSet;
    changes.push(`limits now ${requestsPerSecond} r/s, burst ${burst}, ${concurrentStreams} streams`);
  }
  return changes.map((change) => `service ${name}: ${change}`);
}
