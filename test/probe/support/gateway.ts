import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import type { ProbeOptions } from '../../../lib/probe/types.ts';
import { testAuthority, type CertificateFiles, type TestAuthority } from './certificates.ts';
import { fakeOllama, type FakeOllama } from './fake-ollama.ts';
import { startNginx } from './nginx.ts';

/** The name that the test gateways answer to. */
export const gatewayName = 'gateway.test';

/** What the gateways of one test file share. */
export interface Ground {
  readonly folder: TemporaryFolder;
  readonly authority: TestAuthority;
  readonly server: CertificateFiles;
  readonly client: CertificateFiles;
  readonly ollama: FakeOllama;
  readonly clear: () => Promise<void>;
}

/** Makes a folder, a CA, a server and a client certificate and an imitation of Ollama. */
export async function ground(): Promise<Ground> {
  const folder = await temporaryFolder('probe-');
  const authority = await testAuthority(folder.path);
  const server = await authority.server('server', gatewayName);
  const client = await authority.client('client', 'O=prod, CN=ci, 2.5.4.5=1');
  const ollama = await fakeOllama();
  const clear = async (): Promise<void> => {
    await ollama.stop();
    await folder.remove();
  };
  return { folder, authority, server, client, ollama, clear };
}

/** A gateway's nginx configuration in its parts, each replaceable by a worse one. */
export interface GatewayParts {
  /** Directives of the http block. */
  readonly http: string;
  /** Directives of the TLS server. */
  readonly tls: string;
  /** Who is let in, at the start of each location. */
  readonly admit: string;
  /** Directives of the passing locations. */
  readonly pass: string;
  readonly limit: string;
  /** Locations of the TLS server. */
  readonly locations: string;
  /** Directives of the plain server. */
  readonly plain: string;
  /** Whole servers besides. */
  readonly more: string;
  readonly server: CertificateFiles;
}

const json = (status: number, error: string): string =>
  `default_type application/json; return ${status} '{"error":"${error}"}';`;

/** The parts of a gateway that holds, written by hand after the facts that were measured of nginx. */
export function goodParts({ authority, server, ollama }: Ground): GatewayParts {
  return {
    server,
    http: `server_tokens off; limit_req_zone $binary_remote_addr zone=address:1m rate=5r/s; limit_req_status 429;`,
    tls: `ssl_protocols TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
ssl_verify_client on; ssl_client_certificate ${authority.file};
error_page 495 496 497 =401 @unauthorized; error_page 429 @limited;
location @unauthorized { ${json(401, 'a client certificate is required')} }
location @limited { add_header Retry-After 1 always; ${json(429, 'too many requests')} }`,
    admit: 'if ($ssl_client_s_dn != "serialNumber=1,CN=ci,O=prod") { return 401; }',
    limit: 'limit_req zone=address burst=10 nodelay;',
    pass: `proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host localhost:11434;
proxy_buffering off; gzip off;`,
    locations: `location = /ollama/api/version { if ($request_method != GET) { return 403; } ADMIT PASS
proxy_pass http://127.0.0.1:${ollama.port}/api/version; }
location = /ollama/api/tags { if ($request_method != GET) { return 403; } ADMIT PASS
proxy_pass http://127.0.0.1:${ollama.port}/api/tags; }
location = /ollama/api/generate { if ($request_method != POST) { return 403; } ADMIT LIMIT PASS
proxy_pass http://127.0.0.1:${ollama.port}/api/generate; }
location / { ADMIT ${json(403, 'this call is not allowed')} }`,
    plain: json(401, 'use TLS with a client certificate'),
    more: '',
  };
}

/** A gateway that runs, and the options to probe it. */
export interface RunningGateway {
  readonly options: ProbeOptions;
  readonly stop: () => Promise<void>;
}

/** Starts a gateway: the good one, with the given parts in place of its own. */
export async function startGateway(
  on: Ground,
  worse: (good: GatewayParts) => Partial<GatewayParts> = () => ({}),
): Promise<RunningGateway> {
  const good = goodParts(on);
  const parts = { ...good, ...worse(good) };
  const gatewayPort = await freePort();
  const plainPort = await freePort();
  const locations = parts.locations
    .replaceAll('ADMIT', parts.admit)
    .replaceAll('LIMIT', parts.limit)
    .replaceAll('PASS', parts.pass);
  const configuration = `${parts.http}
server {
listen 127.0.0.1:${gatewayPort} ssl; server_name ${gatewayName};
ssl_certificate ${parts.server.cert}; ssl_certificate_key ${parts.server.key};
${parts.tls}
error_page 401 @unauthorized;
${locations}
}
server { listen 127.0.0.1:${plainPort}; ${parts.plain} }
${parts.more.replaceAll('TLSPORT', String(gatewayPort)).replaceAll('PLAINPORT', String(plainPort))}`;
  const folder = join(on.folder.path, `nginx-${gatewayPort}`);
  const nginx = await startNginx(folder, configuration, [gatewayPort, plainPort]);
  const options = { host: '127.0.0.1', serverName: gatewayName, gatewayPort, plainPort, onlyGateway: true };
  return { options, stop: nginx.stop };
}

/** The options to probe as the client that the good gateway lets in. */
export function asClient(on: Ground): Pick<ProbeOptions, 'ca' | 'cert' | 'key'> {
  return { ca: on.authority.file, cert: on.client.cert, key: on.client.key };
}
