import type { AssetFile, Stack } from '../stack.ts';
import { writtenNginxFiles } from './written-files.ts';
import { nginxFilesOf, type Directive } from './nginx.ts';

/** A location of nginx that passes requests on to Ollama, with the blocks around it, the innermost last. */
export interface ModelLocation {
  readonly file: string;
  /** As it is written, such as `= /ollama/api/chat`. */
  readonly name: string;
  readonly location: Directive;
  readonly around: readonly (readonly Directive[])[];
  readonly proxyPass: string;
}

/** What is to be judged about gateways: locations that lead to Ollama, and files that could not be read. */
export interface Gateways {
  readonly locations: readonly ModelLocation[];
  readonly unreadable: readonly string[];
}

/** The gateways of a stack: in the files of its release, and in what user_data and provisioners write. */
export function gatewaysOf(stack: Stack, modelPorts: readonly number[]): Gateways {
  const machines = [stack.files, ...writtenNginxFiles(stack)].map((files) => gatewaysIn(files, modelPorts));
  return {
    locations: machines.flatMap(({ locations }) => locations),
    unreadable: machines.flatMap(({ unreadable }) => unreadable),
  };
}

function gatewaysIn(files: readonly AssetFile[], modelPorts: readonly number[]): Gateways {
  const found = nginxFilesOf(files);
  return {
    locations: found.flatMap(({ name, directives }) =>
      directives === undefined ? [] : locationsOf(name, directives, modelPorts),
    ),
    unreadable: found.filter(({ directives }) => directives === undefined).map(({ name }) => name),
  };
}

function locationsOf(
  file: string,
  directives: readonly Directive[],
  modelPorts: readonly number[],
): ModelLocation[] {
  const upstreams = all(directives, 'upstream')
    .filter(({ block }) =>
      block?.some(({ name, args }) => name === 'server' && isModel(args[0] ?? '', modelPorts)),
    )
    .map(({ args }) => args[0] ?? '');
  const found: ModelLocation[] = [];
  const walk = (block: readonly Directive[], around: readonly (readonly Directive[])[]): void => {
    for (const directive of block) {
      const { name, args, block: inner } = directive;
      const target =
        name === 'proxy_pass' || name === 'grpc_pass' || name === 'fastcgi_pass' ? args[0] : undefined;
      if (target !== undefined && leadsToModel(target, upstreams, modelPorts)) {
        const place = around.at(-1) ?? [];
        found.push({
          file,
          name: '',
          location: { name: 'location', args: [], block: place },
          around,
          proxyPass: target,
        });
      }
      if (inner !== undefined) {
        const before = found.length;
        walk(inner, [...around, inner]);
        if (name === 'location') {
          for (let index = before; index < found.length; index++) {
            const one = found[index];
            if (one?.name === '') found[index] = { ...one, name: args.join(' '), location: directive };
          }
        }
      }
    }
  };
  walk(directives, [directives]);
  return found;
}

/** Directives of a name, however deep. */
export function all(directives: readonly Directive[], name: string): Directive[] {
  return directives.flatMap((one) => [...(one.name === name ? [one] : []), ...all(one.block ?? [], name)]);
}

/** A server of an upstream: Ollama's port, or a socket that is named after it. */
function isModel(server: string, modelPorts: readonly number[]): boolean {
  if (server.startsWith('unix:')) return /ollama/i.test(server);
  return modelPorts.some((port) => server.endsWith(`:${port}`));
}

function leadsToModel(target: string, upstreams: readonly string[], modelPorts: readonly number[]): boolean {
  const host = target.replace(/^[a-z]+:\/\//, '').replace(/^unix:([^:]*).*/, 'unix:$1');
  const authority = host.startsWith('unix:') ? host : (host.split(/[/?]/)[0] ?? '');
  return (
    upstreams.includes(authority) ||
    isModel(authority, modelPorts) ||
    (/^\$/.test(authority) && upstreams.length > 0)
  );
}

/** The directives of a name that hold in a location: nginx takes them from the innermost level that has one. */
export function inForce(location: ModelLocation, name: string): readonly Directive[] {
  for (const level of [...location.around].reverse()) {
    const own = level.filter((directive) => directive.name === name);
    if (own.length > 0) return own;
  }
  return [];
}

/** `if` blocks that refuse a request in a location or around it, as the words of their condition. */
export function refusals(location: ModelLocation): string[][] {
  const own = location.location.block ?? [];
  return [...location.around.slice(1), own]
    .flat()
    .filter(
      ({ name, block }) =>
        name === 'if' && block?.some((one) => one.name === 'return' && /^4\d\d$/.test(one.args[0] ?? '')),
    )
    .map(({ args }) => conditionOf(args));
}

function conditionOf(args: readonly string[]): string[] {
  const words = [...args];
  words[0] = (words[0] ?? '').replace(/^\(/, '');
  const last = words.length - 1;
  words[last] = (words[last] ?? '').replace(/\)$/, '');
  return words.filter((word, index) => word !== '' || index === 2);
}
