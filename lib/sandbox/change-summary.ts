import { summaryText } from '../messages/sandbox-changes.ts';
import type { Deployment, Service } from '../model/deployment.ts';
import type { FileTree } from '../render/file-tree.ts';

/** What a sandbox is made of at one time. */
export interface SandboxContents {
  readonly deployment: Deployment;
  readonly tree: FileTree;
  /** The certificates that were issued, as PEM by path. */
  readonly certificates: ReadonlyMap<string, string>;
}

/**
 * Says in lines what a change of the configuration means: services first, then the certificates that were issued anew
 * under their old name, then the files that differ.
 */
export function changeSummary(before: SandboxContents, after: SandboxContents): string[] {
  const files = [...new Set([...before.tree.keys(), ...after.tree.keys()])]
    .filter((path) => before.tree.get(path)?.content !== after.tree.get(path)?.content)
    .sort();
  const issued = [...after.certificates]
    .filter(([path, pem]) => before.certificates.has(path) && before.certificates.get(path) !== pem)
    .map(([path]) => path);
  return [
    ...serviceChanges(before.deployment, after.deployment),
    ...issued.map(summaryText.issuedAnew),
    ...files.map(summaryText.file),
  ];
}

function serviceChanges(before: Deployment, after: Deployment): string[] {
  const earlier = new Map(before.services.map((service) => [service.name, service]));
  const later = new Map(after.services.map((service) => [service.name, service]));
  const names = [...new Set([...earlier.keys(), ...later.keys()])].sort();
  return names.flatMap((name) =>
    describeService(earlier.get(name), later.get(name)).map((change) => summaryText.service(name, change)),
  );
}

function describeService(before: Service | undefined, after: Service | undefined): string[] {
  if (before === undefined) return [summaryText.added];
  if (after === undefined) return [summaryText.removed];
  const lost = before.grants.filter((grant) => !after.grants.includes(grant));
  const gained = after.grants.filter((grant) => !before.grants.includes(grant));
  return [
    ...generationChanges(generationsOf(before), generationsOf(after)),
    ...(gained.length === 0 ? [] : [summaryText.gained(gained)]),
    ...(lost.length === 0 ? [] : [summaryText.lost(lost)]),
    ...(before.limitSet.name === after.limitSet.name ? [] : [summaryText.limits(after.limitSet)]),
  ];
}

function generationsOf({ identities }: Service): number[] {
  return identities.map(({ generation }) => generation);
}

function generationChanges(before: readonly number[], after: readonly number[]): string[] {
  const dropped = before.filter((generation) => !after.includes(generation));
  const added = after.filter((generation) => !before.includes(generation));
  return [
    ...(added.length === 0 ? [] : [summaryText.generationsAdded(added)]),
    ...(dropped.length === 0 ? [] : [summaryText.generationsDropped(dropped)]),
  ];
}
