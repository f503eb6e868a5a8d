import { freePort } from '../../test/support/free-port.ts';
import type { ClientTls } from '../load/messages.ts';
import * as configurations from '../servers/configurations.ts';
import type { Program } from '../servers/program.ts';
import { startProgram } from '../servers/program.ts';
import { findHaproxy } from '../servers/haproxy-program.ts';
import type { Site } from '../servers/site.ts';

/** One way to the same upstream. */
export interface Variant {
  readonly name: string;
  readonly port: number;
  /** Undefined for plain HTTP. */
  readonly tls: ClientTls | undefined;
  /** What stands in front of Ollama's own path. */
  readonly prefix: string;
  /** The processes whose CPU time counts; none where there is no server in between. */
  readonly servers: () => readonly number[];
}

/** A variant that a running program serves. */
export function variantOf(site: Site, name: string, program: Program, prefix = ''): Variant {
  return {
    name,
    port: program.port,
    tls: site.clientTls,
    prefix,
    servers: () => program.workers(),
  };
}

/** The upstream without anything in front of it. */
export function direct(port: number): Variant {
  return { name: 'direct', port, tls: undefined, prefix: '', servers: () => [] };
}

export async function startNginxVariant(
  site: Site,
  server: string,
  configuration: (paths: configurations.Paths, port: number, upstream: number) => string,
  upstream: number,
  name: string,
): Promise<Variant> {
  const [paths, port] = [await site.paths(server), await freePort()];
  const program = await site.startNginx(server, paths, configuration(paths, port, upstream), port);
  return variantOf(site, name, program);
}

/** @returns undefined where HAProxy is not installed */
export async function startHaproxyVariant(
  site: Site,
  server: string,
  upstream: number,
  name: string,
): Promise<Variant | undefined> {
  const found = await findHaproxy();
  if (found === undefined) return undefined;
  const [paths, port] = [await site.paths(server), await freePort()];
  const file = await site.writeConfiguration(server, configurations.haproxy(paths, port, upstream));
  const logFile = `${paths.logDirectory}/access.log`;
  const program = await site.keep(
    // The shell only leads standard output, where HAProxy writes its log, into a file.
    startProgram('/bin/sh', ['-c', 'exec "$0" -db -f "$1" >> "$2"', found.path, file, logFile], {
      port,
      processor: site.processors.server,
      temporaryFolder: paths.runtimeDirectory,
    }),
  );
  return variantOf(site, name, program);
}

/** Starts the cheap upstream of the throughput measurements and returns its port. */
export async function startCheapUpstream(site: Site): Promise<number> {
  const [paths, port] = [await site.paths('upstream'), await freePort()];
  const text = configurations.cheapUpstream(paths, port);
  await site.startNginx('upstream', paths, text, port, site.processors.upstream);
  return port;
}
