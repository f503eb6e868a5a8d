import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probe } from '../../lib/probe/index.ts';
import type { FindingId } from '../../lib/messages/probe-findings.ts';
import type { ProbeOptions } from '../../lib/probe/types.ts';
import { testAuthority } from './support/certificates.ts';
import { fakeOllama } from './support/fake-ollama.ts';
import {
  asClient,
  goodParts,
  ground,
  startGateway,
  type GatewayParts,
  type Ground,
} from './support/gateway.ts';

let on: Ground;
beforeAll(async () => (on = await ground()));
afterAll(() => on.clear());

interface Case {
  readonly what: string;
  /** The parts of the good gateway that are replaced. */
  readonly worse?: (good: GatewayParts, on: Ground) => Partial<GatewayParts> | Promise<Partial<GatewayParts>>;
  readonly options?: (on: Ground) => Partial<ProbeOptions> | Promise<Partial<ProbeOptions>>;
  /** Every finding there is, but those of every gateway on this machine's OpenSSL. */
  readonly found: readonly FindingId[];
  /** A check whose outcome is asserted as well. */
  readonly outcome?: readonly [string, string];
}

const noCertificateAsked = {
  tls: 'ssl_protocols TLSv1.3; ssl_session_cache off; ssl_session_tickets off; error_page 429 @limited; location @limited { add_header Retry-After 1 always; return 429; } location @unauthorized { return 401; }',
};

const cases: readonly Case[] = [
  {
    what: 'no client certificate is demanded',
    worse: () => ({ ...noCertificateAsked, admit: '' }),
    found: [
      'open-ollama',
      'unauthenticated-request-served',
      'foreign-certificate-served',
      'foreign-host-served',
      'client-certificate-not-requested',
    ],
  },
  {
    what: 'any CA is good enough (optional_no_ca with a check of the name)',
    worse: (good) => ({ tls: good.tls.replace('ssl_verify_client on', 'ssl_verify_client optional_no_ca') }),
    options: (ground) => asClient(ground),
    found: ['foreign-certificate-served'],
  },
  {
    what: "nginx's own 400 instead of 401",
    worse: (good) => ({ tls: good.tls.replace('error_page 495 496 497 =401 @unauthorized;', '') }),
    found: ['refused-without-401'],
  },
  {
    what: 'the default server passes requests on without a certificate',
    worse: (good, { ollama }) => ({
      more: `server { listen 127.0.0.1:TLSPORT ssl default_server; server_name other.test; ssl_protocols TLSv1.3;
ssl_session_cache off; ssl_session_tickets off;
ssl_certificate ${good.server.cert}; ssl_certificate_key ${good.server.key};
location / { proxy_set_header Host localhost; proxy_pass http://127.0.0.1:${ollama.port}; }
location /ollama/ { proxy_set_header Host localhost; proxy_pass http://127.0.0.1:${ollama.port}/; } }`,
    }),
    found: ['open-ollama', 'foreign-host-served'],
  },
  {
    what: 'server_tokens on, and the framework named',
    worse: (good) => ({
      http: `${good.http.replace('server_tokens off', 'server_tokens on')} add_header X-Powered-By review-gateway always;`,
    }),
    found: ['software-version-shown', 'software-version-shown'],
  },
  {
    what: 'a 401 with a page instead of JSON',
    worse: () => ({ plain: 'return 401;' }),
    found: ['unauthorized-body-not-json'],
  },
  {
    what: 'TLS 1.2 allowed',
    worse: (good) => ({ tls: good.tls.replace('ssl_protocols TLSv1.3', 'ssl_protocols TLSv1.2 TLSv1.3') }),
    found: ['tls-1.2'],
  },
  {
    what: 'everything from TLS 1.0 to 1.2, and no 1.3',
    worse: (good) => ({
      tls: good.tls.replace(
        'ssl_protocols TLSv1.3',
        'ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0',
      ),
    }),
    found: ['tls-1.0-or-1.1', 'no-tls-1.3', 'tls-1.2'],
    outcome: ['key-exchange', 'unknown'],
  },
  {
    what: 'sessions are resumed',
    worse: (good) => ({
      tls: good.tls.replace(
        'ssl_session_cache off; ssl_session_tickets off;',
        'ssl_session_cache shared:probe:1m;',
      ),
    }),
    found: ['session-resumption'],
  },
  {
    what: 'sessions are resumed with the identity of their first handshake',
    worse: (good) => ({
      tls: good.tls.replace(
        'ssl_session_cache off; ssl_session_tickets off;',
        'ssl_session_cache shared:probe:1m;',
      ),
    }),
    options: (ground) => asClient(ground),
    found: ['session-resumption-serves-identity'],
  },
  {
    what: 'an expired certificate',
    worse: async (_good, { authority }) => ({
      server: await authority.server('expired', 'gateway.test', { fromDays: -30, toDays: -1 }),
    }),
    found: ['certificate-expired'],
  },
  {
    what: 'a certificate of next week',
    worse: async (_good, { authority }) => ({
      server: await authority.server('early', 'gateway.test', { fromDays: 7, toDays: 90 }),
    }),
    found: ['certificate-not-yet-valid'],
  },
  {
    what: 'a certificate that ends next week',
    worse: async (_good, { authority }) => ({
      server: await authority.server('ending', 'gateway.test', { fromDays: -30, toDays: 7 }),
    }),
    found: ['certificate-ends-soon'],
  },
  {
    what: 'a certificate for another name',
    worse: async (_good, { authority }) => ({ server: await authority.server('other', 'other.test') }),
    found: ['certificate-wrong-name'],
  },
  {
    what: 'a certificate of another CA',
    options: async ({ folder }) => ({ ca: (await testAuthority(folder.path, 'stranger')).file }),
    found: ['certificate-chain-broken'],
  },
  {
    what: 'an expired certificate, whose chain OpenSSL then says nothing about',
    worse: async (_good, { authority }) => ({
      server: await authority.server('expired2', 'gateway.test', { fromDays: -30, toDays: -1 }),
    }),
    options: ({ authority }) => ({ ca: authority.file }),
    found: ['certificate-expired'],
    outcome: ['certificate-chain', 'unknown'],
  },
  {
    what: 'a plain port that redirects',
    worse: () => ({ plain: 'return 301 https://$host$request_uri;' }),
    found: ['plain-port-redirects'],
  },
  {
    what: 'a plain port with a welcome page',
    worse: () => ({ plain: 'default_type text/html; return 200 "<title>Welcome</title>";' }),
    found: ['plain-port-serves'],
  },
  {
    what: 'a plain port that answers 403',
    worse: () => ({ plain: 'return 403;' }),
    found: ['plain-port-not-401'],
  },
  {
    what: 'a plain port that passes everything on',
    worse: (_good, { ollama }) => ({
      plain: `location / { proxy_set_header Host localhost; proxy_pass http://127.0.0.1:${ollama.port}; }
location /ollama/ { proxy_set_header Host localhost; proxy_pass http://127.0.0.1:${ollama.port}/; }`,
    }),
    found: ['open-ollama', 'plain-port-serves'],
  },
  {
    what: 'a TLS port without TLS',
    options: async () => {
      const ollama = await fakeOllama();
      opened.push(ollama.stop);
      return { gatewayPort: ollama.port };
    },
    found: ['open-ollama', 'gateway-without-tls'],
    outcome: ['no-certificate', 'unknown'],
  },
  {
    what: 'a site that answers 200 to everything',
    worse: () => ({ ...noCertificateAsked, locations: 'location / { return 200 "<title>Hello</title>"; }' }),
    found: ['client-certificate-not-requested', 'answers-without-certificate'],
    outcome: ['foreign-certificate', 'unknown'],
  },
  {
    what: 'an identity that the allowlist does not have',
    options: async (ground) => {
      const { cert, key } = await ground.authority.client('unlisted', 'O=prod, CN=unlisted, 2.5.4.5=1');
      return { ca: ground.authority.file, cert, key };
    },
    found: ['identity-refused'],
    outcome: ['rate-limit', 'unknown'],
  },
  {
    what: 'an upstream that is down',
    worse: (good, { ollama }) => ({
      locations: good.locations.replaceAll(`127.0.0.1:${ollama.port}`, '127.0.0.1:1'),
    }),
    options: (ground) => asClient(ground),
    found: ['upstream-unavailable'],
    outcome: ['rate-limit', 'pass'],
  },
  {
    what: 'a Host header that is passed on',
    worse: (good) => ({ pass: good.pass.replace('Host localhost:11434', 'Host $host') }),
    options: (ground) => asClient(ground),
    found: ['host-not-rewritten'],
    outcome: ['identity-accepted', 'unknown'],
  },
  {
    what: 'every route passed on',
    worse: (_good, { ollama }) => ({
      locations: `location = /ollama/api/generate { ADMIT LIMIT PASS proxy_pass http://127.0.0.1:${ollama.port}/api/generate; }
location /ollama/ { ADMIT PASS proxy_pass http://127.0.0.1:${ollama.port}/; } location / { ADMIT return 403; }`,
    }),
    options: (ground) => asClient(ground),
    found: ['mutating-route-forwarded'],
  },
  {
    what: 'a forbidden route answered with 404',
    worse: (good) => ({
      locations: good.locations.replace('return 403 \'{"error"', 'return 404 \'{"error"'),
    }),
    options: (ground) => asClient(ground),
    found: ['forbidden-route-not-403'],
  },
  {
    what: 'no rate limit',
    worse: () => ({ limit: '' }),
    options: (ground) => asClient(ground),
    found: ['no-rate-limit'],
  },
  {
    what: 'a 429 without Retry-After',
    worse: (good) => ({ tls: good.tls.replace('add_header Retry-After 1 always;', '') }),
    options: (ground) => asClient(ground),
    found: ['rate-limit-without-retry-after'],
  },
  {
    what: 'a stream that is buffered',
    worse: (good) => ({ pass: good.pass.replace('proxy_buffering off', 'proxy_buffering on') }),
    options: (ground) => ({ ...asClient(ground), model: 'tiny' }),
    found: ['stream-buffered'],
  },
  {
    what: 'a key file that others can read',
    options: (ground) => {
      const key = join(ground.folder.path, 'readable.key');
      copyFileSync(ground.client.key, key);
      chmodSync(key, 0o644);
      return { ...asClient(ground), key };
    },
    found: ['client-key-readable'],
  },
];

const opened: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of opened) await close();
});

// What every case has: what this machine's OpenSSL cannot do, and records that are no findings.
const always = ['no-post-quantum-key-exchange', 'key-exchange-groups', 'certificate-issuer'];

describe('a gateway with one thing wrong: that is found, and nothing else', () => {
  test.each(cases)('$what', async ({ worse, options, found, outcome }) => {
    const parts = worse === undefined ? {} : await worse(goodParts(on), on);
    const gateway = await startGateway(on, () => parts);
    try {
      const report = await probe({ ...gateway.options, ...(await options?.(on)) });
      const ids = report.findings.map((one) => one.id).filter((id) => !always.includes(id));
      expect(ids.sort(), JSON.stringify(report, null, 1)).toEqual([...found].sort());
      expect(report.verdict).toBe('findings');
      if (outcome !== undefined) {
        const [id, expected] = outcome;
        expect(report.checks.find((check) => check.id === id)?.outcome).toBe(expected);
      }
    } finally {
      await gateway.stop();
    }
  });
});
