import type { Block, Resource, Stack } from '../stack.ts';
import { numberOf } from '../values.ts';

/** A connection of a provisioner, or of a resource that has provisioners which use one. */
export interface Connection {
  readonly resource: Resource;
  readonly values: Block;
}

/** Connections over SSH that something uses. */
export function sshConnectionsOf(stack: Stack): Connection[] {
  return stack.resources.flatMap((resource) => {
    const remote = resource.provisioners.filter(({ type }) => type !== 'local-exec');
    const used = [
      ...remote.flatMap(({ connection }) => (connection === undefined ? [] : [connection])),
      ...(resource.connection !== undefined && remote.some(({ connection }) => connection === undefined)
        ? [resource.connection]
        : []),
    ];
    return used.filter(({ type }) => type !== 'winrm').map((values) => ({ resource, values }));
  });
}

/** Ports that SSH listens on: 22, and those that connections name. */
export function sshPortsOf(stack: Stack): number[] {
  const named = sshConnectionsOf(stack).map(({ values }) => numberOf(values['port']));
  return [...new Set([22, ...named.filter((port) => port !== undefined)])].sort((a, b) => a - b);
}
