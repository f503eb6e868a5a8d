/**
 * The servers that the gateway is compared with, written by hand. Each has one worker, mutual TLS 1.3 with the same
 * certificates and no session resumption, as the gateway.
 */

export interface Paths {
  readonly runtimeDirectory: string;
  readonly logDirectory: string;
  readonly clientCa: string;
  readonly clientCrl: string | undefined;
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** Certificate and key in one file, as HAProxy wants them. */
  readonly serverPair: string;
  /** A line `user NAME GROUP;`, or nothing. */
  readonly userDirective: string;
}

function nginxFrame(paths: Paths, http: string): string {
  return `daemon off;
${paths.userDirective}
worker_processes 1;
pid ${paths.runtimeDirectory}/nginx.pid;
error_log ${paths.logDirectory}/error.log alert;
events { worker_connections 4096; }
http {
    client_body_temp_path ${paths.runtimeDirectory}/body;
    proxy_temp_path ${paths.runtimeDirectory}/proxy;
    fastcgi_temp_path ${paths.runtimeDirectory}/fastcgi;
    uwsgi_temp_path ${paths.runtimeDirectory}/uwsgi;
    scgi_temp_path ${paths.runtimeDirectory}/scgi;
    ${http}
}
`;
}

function nginxMutualTls(paths: Paths): string {
  return `ssl_protocols TLSv1.3;
        ssl_ecdh_curve X25519:prime256v1;
        ssl_certificate ${paths.serverCertificate};
        ssl_certificate_key ${paths.serverKey};
        ssl_client_certificate ${paths.clientCa};
        ssl_verify_client on;
        ssl_session_cache off;
        ssl_session_tickets off;`;
}

/** An upstream that costs as little as one can: a constant answer of 335 bytes, for whatever it is asked. */
export function cheapUpstream(paths: Paths, port: number): string {
  const answer = JSON.stringify({
    model: 'qwen2.5-coder:7b',
    created_at: '2026-01-01T00:00:00.000000000Z',
    response: 'The loop reads one element past the end of the list. '.repeat(4).trim(),
    done: true,
    eval_count: 48,
  });
  return nginxFrame(
    paths,
    `access_log off;
    keepalive_requests 1000000000;
    server {
        listen 127.0.0.1:${port};
        location / { default_type application/json; return 200 '${answer}'; }
    }`,
  );
}

/** nginx tuned, without a policy: mutual TLS, kept upstream connections, no buffering, no log. */
export function nginxWithoutPolicy(paths: Paths, port: number, upstream: number): string {
  return nginxFrame(
    paths,
    `access_log off;
    upstream ollama { server 127.0.0.1:${upstream}; keepalive 64; }
    server {
        listen 127.0.0.1:${port} ssl http2;
        ${nginxMutualTls(paths)}
        location / {
            proxy_pass http://ollama;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }
    }`,
  );
}

/** What guides on a proxy in front of Ollama usually show: nginx's defaults, so a new connection for every request, and buffering. */
export function usualGuide(paths: Paths, port: number, upstream: number): string {
  return nginxFrame(
    paths,
    `access_log ${paths.logDirectory}/access.log;
    server {
        listen 127.0.0.1:${port} ssl http2;
        ${nginxMutualTls(paths)}
        location / {
            proxy_pass http://127.0.0.1:${upstream};
            proxy_set_header Host localhost:11434;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }
    }`,
  );
}

/** HAProxy with mutual TLS, one thread, kept upstream connections and its access log, which it writes to standard output. */
export function haproxy(paths: Paths, port: number, upstream: number): string {
  return `global
    nbthread 1
    maxconn 4096
    log stdout format raw local0
    ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
    ssl-default-bind-curves X25519:P-256

defaults
    mode http
    log global
    option httplog
    option http-keep-alive
    timeout connect 5s
    timeout client 60s
    timeout server 600s
    timeout http-keep-alive 60s

frontend gateway
    bind 127.0.0.1:${port} ssl crt ${paths.serverPair} ca-file ${paths.clientCa} verify required alpn h2,http/1.1
    default_backend ollama

backend ollama
    http-reuse always
    server ollama 127.0.0.1:${upstream}
`;
}
