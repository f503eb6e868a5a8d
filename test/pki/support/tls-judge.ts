import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Judgement {
  readonly status: number;
  /** `SUCCESS`, or what is wrong with the chain. */
  readonly verify: string;
  /** The distinguished name that nginx printed; empty if the chain was refused. */
  readonly distinguishedName: string;
}

/** A bare nginx with mutual TLS on a unix socket that lets one distinguished name in. */
export interface TlsJudge {
  /** Makes a request with this client certificate, or with none. */
  ask(client?: { readonly certPem: string; readonly keyPem: string }): Promise<Judgement>;
  stop(): Promise<void>;
}

export async function startTlsJudge(parts: {
  readonly caPem: string;
  readonly serverCertificatePem: string;
  readonly serverKeyPem: string;
  readonly serverName: string;
  readonly allowed: string;
}): Promise<TlsJudge> {
  const folder = mkdtempSync(join(tmpdir(), 'tls-judge-'));
  const socketPath = join(folder, 's');
  let nginx: ChildProcess | undefined;
  // The worker may end without its hooks: the server and its keys must not outlive it.
  const abandon = (): void => {
    nginx?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  const stop = async (): Promise<void> => {
    process.off('exit', abandon);
    if (nginx?.exitCode === null && nginx.signalCode === null) {
      const ended = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      return join(folder, name);
    };
    const configuration = `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  map $ssl_client_s_dn $canonical { default "none"; "${parts.allowed}" "${parts.allowed}"; }
  server {
    listen unix:${socketPath} ssl;
    ssl_certificate ${file('server.crt', parts.serverCertificatePem)};
    ssl_certificate_key ${file('server.key', parts.serverKeyPem)};
    ssl_protocols TLSv1.3;
    ssl_client_certificate ${file('ca.crt', parts.caPem)};
    ssl_verify_client on;
    # Deep enough that pathlen alone refuses an intermediate CA.
    ssl_verify_depth 5;
    error_page 495 496 497 =401 @refused;
    location / {
      if ($ssl_client_s_dn != $canonical) { return 401 '$ssl_client_verify $ssl_client_s_dn'; }
      return 200 '$ssl_client_verify $ssl_client_s_dn';
    }
    location @refused { return 401 '$ssl_client_verify'; }
  }
}`;
    nginx = spawn(
      'nginx',
      ['-p', folder, '-e', `${folder}/error.log`, '-c', file('nginx.conf', configuration)],
      {
        stdio: 'ignore',
      },
    );
    const failed = once(nginx, 'error').then(([error]: unknown[]) => {
      throw error;
    });
    for (let attempt = 0; !existsSync(socketPath); attempt += 1) {
      if (attempt === 500 || nginx.exitCode !== null) {
        throw new Error(`nginx did not start: ${readFileSync(join(folder, 'error.log'), 'utf8')}`);
      }
      await Promise.race([sleep(10), failed]);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const ask: TlsJudge['ask'] = (client) =>
    new Promise((resolve, reject) => {
      const asked = request({
        createConnection: () =>
          connect({
            path: socketPath,
            servername: parts.serverName,
            ca: parts.caPem,
            // The client must not refuse its own weak certificate before the server can.
            ciphers: 'DEFAULT@SECLEVEL=0',
            ...(client === undefined ? {} : { cert: client.certPem, key: client.keyPem }),
          }),
        headers: { Host: parts.serverName },
        timeout: 10_000,
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
      asked.on('error', reject);
      asked.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('error', reject);
        response.on('end', () => {
          const [, verify = body, distinguishedName = ''] = /^(SUCCESS) (.*)$/s.exec(body) ?? [];
          resolve({ status: response.statusCode ?? 0, verify, distinguishedName });
        });
      });
      asked.end();
    });
  return { ask, stop };
}
