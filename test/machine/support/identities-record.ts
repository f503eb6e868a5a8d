import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readCrls, type Crl } from '../../../lib/pki/read-crl.ts';
import { untilHolds } from '../../gateway/support/waiting.ts';
import type { Host } from './host.ts';

/** What a line of the gateway's log says of who asked. */
export interface LoggedRequest {
  readonly status: number;
  readonly service: string;
  readonly client_verify: string;
  readonly upstream_status: string;
}

const read = (host: Host, path: string): Promise<string> => host.machine.output(['cat', path]);

/** The lines of the gateway's log for requests, by their ids: each has one, after a second or so. */
export async function loggedRequests(
  host: Host,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LoggedRequest>> {
  const lines = new Map<string, LoggedRequest>();
  await untilHolds(async () => {
    for (const line of (await read(host, '/var/log/hardening-gateway/access.log')).split('\n').slice(0, -1)) {
      const { request_id: id, ...rest } = JSON.parse(line) as LoggedRequest & { request_id: string };
      lines.set(id, rest);
    }
    return ids.every((id) => lines.has(id));
  }, 'the lines of the log');
  return lines;
}

/** Which service each request of Ollama's record came from, by the request's id: see identities-upstream.pl. */
export async function upstreamRequests(host: Host): Promise<ReadonlyMap<string, string>> {
  const record = await read(host, '/var/lib/hardening-ollama/requests');
  return new Map(
    record
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [id = '', service = ''] = line.split(' ');
        return [id, service];
      }),
  );
}

/** The CRLs in force on the machine. */
export async function runningCrls(host: Host): Promise<readonly Crl[]> {
  return readCrls(await read(host, '/var/lib/hardening/crl.pem'), "the machine's crl.pem");
}

/**
 * Which certificates OpenSSL accepts as clients with the CAs and the CRLs that the gateway uses.
 *
 * @param certificates PEM by name
 */
export async function acceptedByOpenssl(
  host: Host,
  folder: string,
  certificates: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const [ca, crl] = [join(folder, 'ca.crt'), join(folder, 'crl.pem')];
  await writeFile(ca, await read(host, '/etc/hardening/gateway/tls/ca.crt'));
  await writeFile(crl, await read(host, '/var/lib/hardening/crl.pem'));
  const accepted = [];
  for (const [name, pem] of certificates) {
    const path = join(folder, `${name}.crt`);
    await writeFile(path, pem);
    const options = ['-crl_check', '-purpose', 'sslclient', '-CAfile', ca, '-CRLfile', crl, path];
    const { stdout } = await promisify(execFile)('openssl', ['verify', ...options]).catch(
      (error: unknown) => error as { stdout: string },
    );
    if (stdout === `${path}: OK\n`) accepted.push(name);
  }
  return accepted;
}

/** The lines of the machine's ledger of certificates, as `SERVICE GENERATION`, by serial number. */
export async function ledger(host: Host): Promise<ReadonlyMap<bigint, string>> {
  const lines = (await read(host, '/var/lib/hardening/state/issued')).split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [, serial = '', service = '', generation = ''] = line.split(' ');
      return [BigInt(serial), `${service} ${generation}`];
    }),
  );
}
