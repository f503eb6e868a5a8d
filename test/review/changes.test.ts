import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mark } from '../../lib/review/change.ts';
import { printReview } from '../../lib/review/print.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { repository, type Repository, type Stacks } from './support/repository.ts';

const key = (letter: string): string => `ssh-ed25519 ${letter.repeat(68)}`;
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const because = 'The owner of the machine decided it in a meeting.';

/** What every change starts from. */
const base = {
  target: { host: { address: '192.0.2.1', hostKey: key('H'), user: 'debian' } },
  gateway: { serverNames: ['models.example.com'], listenAddress: '192.0.2.1' },
  services: {
    ci: { generation: 2, rate: { requestsPerSecond: 2, burst: 20 } },
    dashboard: { routes: ['GET /api/version', 'GET /api/tags'] },
    'live-review': { concurrentStreams: 4, generation: 3, overlap: true },
  },
  revoked: [{ service: 'gone', generation: 4, date: '2026-01-01', reason: because }],
  ssh: { adminKeys: { alice: key('A'), bob: key('B') }, sources: ['198.51.100.0/25'] },
  firewall: {
    gatewaySources: ['203.0.113.0/24', '2001:db8::/48'],
    additionalInbound: [{ port: 9_100, sources: ['192.0.2.5/32'], reason: because }],
    outboundUsers: ['backup'],
  },
  pki: { alsoTrustedCaGenerations: [2] },
  ollama: {
    models: [{ name: 'plain:7b' }, { name: 'pinned:7b', digest: digest('a') }],
    install: { version: '0.32.0', sha256: '1'.repeat(64) },
    memoryMaxMiB: 8_000,
  },
  terraformState: { encryptedByOpenTofu: true },
} as const satisfies StackInput;

/** The base with other sections. */
const having = (sections: Partial<StackInput>): Stacks => ({ production: { ...base, ...sections } });
const services = (changed: StackInput['services'], without: readonly string[] = []): Stacks =>
  having({
    services: Object.fromEntries(
      Object.entries({ ...base.services, ...changed }).filter(([name]) => !without.includes(name)),
    ),
  });
const gateway = (changed: Partial<StackInput['gateway']>): Stacks =>
  having({ gateway: { ...base.gateway, ...changed } });
const firewall = (changed: StackInput['firewall']): Stacks =>
  having({ firewall: { ...base.firewall, ...changed } });
const ssh = (changed: StackInput['ssh']): Stacks => having({ ssh: { ...base.ssh, ...changed } });
const ollama = (changed: StackInput['ollama']): Stacks => having({ ollama: { ...base.ollama, ...changed } });
const pki = (changed: StackInput['pki']): Stacks => having({ pki: { ...base.pki, ...changed } });
const host = (changed: Partial<NonNullable<NonNullable<StackInput['target']>['host']>>): Stacks =>
  having({ target: { host: { ...base.target.host, ...changed } } });
const port = { port: 9_100, sources: ['192.0.2.5/32'], reason: because };

/** What changes, how it is marked, and what is said of it. Of several lines the one that matters. */
const table: readonly (readonly [name: string, stacks: Stacks, mark: Mark, line: RegExp])[] = [
  [
    'a service is added',
    services({ evil: {} }),
    'widens',
    /service `evil`: added, let in with generation 1; may call `read`, `inference`, 5 .* burst 10, 8 conc/,
  ],
  ['a service is removed', services({}, ['ci']), 'narrows', /service `ci`: let in no longer/],
  [
    'a service is rotated',
    services({ ci: { ...base.services.ci, generation: 3 } }),
    'neutral',
    /`ci`: rotated: generation 3 is let in, generation 2 gets 401$/,
  ],
  [
    'a rotation begins with an overlap',
    services({ ci: { ...base.services.ci, generation: 3, overlap: true } }),
    'neutral',
    /`ci`: rotated: generation 3 is let in; generations 2 and 3 are let in side by side/,
  ],
  [
    'an overlap ends',
    services({ 'live-review': { concurrentStreams: 4, generation: 3 } }),
    'narrows',
    /`live-review`: the overlap ends, or it is revoked: generation 2 gets 401/,
  ],
  [
    'a generation goes back',
    services({ ci: { ...base.services.ci, generation: 1 } }),
    'widens',
    /`ci`: an earlier certificate is let in \(again\): generation 1/,
  ],
  [
    'an overlap lets the last generation in again',
    services({ ci: { ...base.services.ci, overlap: true } }),
    'widens',
    /`ci`: an earlier certificate is let in \(again\): generation 1/,
  ],
  [
    'a route more',
    services({ dashboard: { routes: ['GET /api/version', 'GET /api/tags', 'POST /api/chat'] } }),
    'widens',
    /`dashboard`: may call `POST \/api\/chat`, which it could not/,
  ],
  [
    'a class in place of routes',
    services({ dashboard: { routes: ['read'] } }),
    'widens',
    /`dashboard`: may call `GET \/`, /,
  ],
  [
    'a class less',
    services({ ci: { ...base.services.ci, routes: ['read'] } }),
    'narrows',
    /`ci`: may no longer call `inference`/,
  ],
  [
    'a higher rate',
    services({ ci: { ...base.services.ci, rate: { requestsPerSecond: 9, burst: 20 } } }),
    'widens',
    /`ci`: inference requests a second 2 → 9/,
  ],
  [
    'a lower burst',
    services({ ci: { ...base.services.ci, rate: { requestsPerSecond: 2, burst: 5 } } }),
    'narrows',
    /`ci`: burst 20 → 5/,
  ],
  [
    'more concurrent streams',
    services({ ci: { ...base.services.ci, concurrentStreams: 9 } }),
    'widens',
    /`ci`: concurrent streams 8 → 9/,
  ],
  [
    'a default that reaches services without their own',
    having({ limits: { perIdentity: { requestsPerSecond: 50 } } }),
    'widens',
    /2 services, `dashboard`, `live-review`: inference requests a second 5 → 50/,
  ],
  [
    'a longer certificate',
    services({ ci: { ...base.services.ci, certificateLifetimeDays: 300 } }),
    'widens',
    /`ci`: its certificate is valid for 90 → 300 days/,
  ],
  [
    'a revocation is recorded',
    having({
      revoked: [...base.revoked, { service: 'stolen', date: '2026-11-25', reason: because }],
    }),
    'narrows',
    /revoked: `stolen`, every generation, for good, on `2026-11-25`: `The owner/,
  ],
  ['a revocation leaves the record', having({ revoked: [] }), 'widens', /revocation of `gone` is taken back/],
  [
    'a revocation covers less',
    having({ revoked: [{ ...base.revoked[0], generation: 2 }] }),
    'widens',
    /of `gone` is taken back: it said up to generation 4, and says up to generation 2/,
  ],
  [
    'a port is opened',
    firewall({ additionalInbound: [port, { port: 8_080, sources: ['10.0.0.0/8'], reason: because }] }),
    'widens',
    /port opened: tcp 8080 \(`The owner of .*`\) for `10\.0\.0\.0\/8`$/,
  ],
  ['a port is closed', firewall({ additionalInbound: [] }), 'narrows', /port closed: tcp 9100/],
  [
    'UDP in place of TCP',
    firewall({ additionalInbound: [{ ...port, protocol: 'udp' }] }),
    'widens',
    /port opened: udp 9100/,
  ],
  [
    'sources that have all of the earlier ones and more',
    firewall({ gatewaySources: ['203.0.112.0/23', '2001:db8::/48'] }),
    'widens',
    /tcp 443 \(the gateway, with client certificates\) may be reached from `203\.0\.112\.0\/23` as well$/,
  ],
  [
    'sources within the earlier ones',
    firewall({ gatewaySources: ['203.0.113.128/25', '2001:db8::/48'] }),
    'narrows',
    /tcp 443 .* may no longer be reached from all of `203\.0\.113\.0\/24`/,
  ],
  [
    'the same addresses in two halves',
    firewall({ gatewaySources: ['203.0.113.128/25', '203.0.113.0/25', '2001:db8::/48'] }),
    'neutral',
    /tcp 443 are written another way: the same addresses/,
  ],
  [
    'the whole Internet in two halves',
    firewall({ gatewaySources: ['0.0.0.0/1', '128.0.0.0/1'] }),
    'widens',
    /tcp 443 .* as well — \*\*everybody on the Internet\*\*/,
  ],
  [
    'IPv6 as well',
    firewall({ gatewaySources: [...base.firewall.gatewaySources, '2001:db9::/48'] }),
    'widens',
    /tcp 443 .* from `2001:db9::\/48` as well/,
  ],
  [
    'SSH from more addresses',
    ssh({ sources: ['198.51.100.0/24'] }),
    'widens',
    /tcp 22 \(SSH, for releases and administrators\) may be reached from `198\.51\.100\.0\/24` as well/,
  ],
  [
    'SSH from everywhere, with a reason',
    ssh({ sources: ['0.0.0.0/0'], everywhereReason: because }),
    'widens',
    /a risk is acknowledged, `ssh\.everywhereReason`: `The owner/,
  ],
  [
    'an administrator joins',
    ssh({ adminKeys: { ...base.ssh.adminKeys, eve: key('E') } }),
    'widens',
    /administrator `eve` may log in, with the key `SHA256:[A-Za-z0-9+/]{43}`/,
  ],
  [
    'an administrator leaves',
    ssh({ adminKeys: { alice: key('A') } }),
    'narrows',
    /`bob` may no longer log in/,
  ],
  [
    'an administrator has another key',
    ssh({ adminKeys: { alice: key('C'), bob: key('B') } }),
    'widens',
    /`alice` logs in with another key: `SHA256:\S+` → `SHA256:/,
  ],
  [
    'a user may call out',
    firewall({ outboundUsers: ['backup', 'relay'] }),
    'widens',
    /call out to any address: `relay`/,
  ],
  ['a user may not', firewall({ outboundUsers: [] }), 'narrows', /may no longer call out: `backup`/],
  [
    'keys of services stay with them',
    having({
      pki: { ...base.pki, mode: 'csr' },
      services: Object.fromEntries(
        Object.entries(base.services).map(([name, one]) => [name, { ...one, csr: `${name}.pem` }]),
      ),
    }),
    'narrows',
    /`managed` → `csr`/,
  ],
  [
    'another CA is trusted',
    pki({ alsoTrustedCaGenerations: [2, 3] }),
    'widens',
    /trusts the CA of generation 3, which it did not/,
  ],
  [
    'a CA is dropped',
    pki({ alsoTrustedCaGenerations: [] }),
    'narrows',
    /no longer trusts the CA of generation 2/,
  ],
  [
    'the CAs change places',
    pki({ caGeneration: 2, alsoTrustedCaGenerations: [1] }),
    'neutral',
    /certificates come from the CA of generation 2/,
  ],
  [
    'a folder with a CA is trusted',
    pki({ alsoTrustedDirectories: ['next'] }),
    'widens',
    /trusts the CA in `next` \(no certificate there\)/,
  ],
  [
    'a longer CA',
    pki({ caLifetimeDays: 7_000 }),
    'widens',
    /how long the CA is valid, in days .*: `3650` → `7000`/,
  ],
  [
    'a larger body',
    gateway({ clientMaxBodySizeKiB: 9_000 }),
    'widens',
    /largest request body, in KiB .*`8192` → `9000`/,
  ],
  [
    'a shorter time-out',
    gateway({ proxyReadTimeoutSeconds: 60 }),
    'narrows',
    /silent, in seconds .*`600` → `60`/,
  ],
  [
    'every address',
    gateway({ listenAddress: '0.0.0.0' }),
    'widens',
    /listens on .*`192\.0\.2\.1` → `0\.0\.0\.0`/,
  ],
  [
    'the plain port is shut',
    gateway({ plainListenPort: false }),
    'narrows',
    /port closed: tcp 80 \(plain HTTP/,
  ],
  ['another port for TLS', gateway({ listenPort: 8_443 }), 'widens', /port opened: tcp 8443/],
  [
    'another name',
    gateway({ serverNames: ['other.example'] }),
    'neutral',
    /`models\.example\.com` → `other\.example`/,
  ],
  [
    'a higher rate of an address',
    having({ limits: { perAddress: { burst: 99 } } }),
    'widens',
    /burst of one address/,
  ],
  [
    'a model is added',
    ollama({ models: [...base.ollama.models, { name: 'extra' }] }),
    'widens',
    /model added: `extra`, without a digest/,
  ],
  ['a model is removed', ollama({ models: [base.ollama.models[1]] }), 'narrows', /model removed: `plain:7b`/],
  [
    'a model has another digest',
    ollama({ models: [base.ollama.models[0], { name: 'pinned:7b', digest: digest('b') }] }),
    'neutral',
    /model `pinned:7b` has another digest: `sha256:a+` → `sha256:b+`/,
  ],
  [
    'a digest is gone',
    ollama({ models: [base.ollama.models[0], { name: 'pinned:7b' }] }),
    'widens',
    /`pinned:7b` is no longer pinned/,
  ],
  [
    'an older Ollama',
    ollama({ install: { version: '0.31.2', sha256: '1'.repeat(64) } }),
    'widens',
    /Ollama's version .*`0\.32\.0` → `0\.31\.2`/,
  ],
  [
    'a newer Ollama',
    ollama({ install: { version: '0.33.0', sha256: '2'.repeat(64) } }),
    'neutral',
    /Ollama's version .*`0\.32\.0` → `0\.33\.0`/,
  ],
  [
    'another archive of the same version',
    ollama({ install: { version: '0.32.0', sha256: '2'.repeat(64) } }),
    'mayWiden',
    /checksum of Ollama's archive/,
  ],
  [
    'Ollama of every user',
    ollama({ isolation: 'loopback' }),
    'widens',
    /what keeps Ollama apart .*`namespace` → `loopback`/,
  ],
  [
    'a unit with more exposure',
    ollama({ isolation: 'loopback' }),
    'widens',
    /^unit `hardening-ollama\.service`: exposure \d\.\d → \d\.\d/,
  ],
  [
    'the cloud',
    ollama({ isolation: 'loopback', noCloud: false }),
    'widens',
    /no prompt goes to ollama\.com .*`true` → `false`/,
  ],
  ['graphics cards', ollama({ profile: 'gpu' }), 'widens', /graphics cards .*`cpu` → `gpu`/],
  [
    'no bound on memory',
    having({ ollama: { models: base.ollama.models, install: base.ollama.install } }),
    'widens',
    /memory of Ollama, in MiB .*`8000` → `not set`/,
  ],
  [
    'another machine',
    host({ address: '192.0.2.9' }),
    'widens',
    /releases and their keys go to .*`192\.0\.2\.9`/,
  ],
  ['another host key', host({ hostKey: key('K') }), 'widens', /host key that the machine must show/],
  ['root deploys', host({ user: 'root' }), 'widens', /user that deploys .*`debian` → `root`/],
  [
    'another distribution',
    having({ target: { ...base.target, distribution: 'debian-12' } }),
    'neutral',
    /`debian-13` → `debian-12`/,
  ],
  [
    'the state is not encrypted',
    having({ terraformState: { unencryptedReason: because } }),
    'widens',
    /a risk is acknowledged, `terraformState\.unencryptedReason`/,
  ],
  [
    'a stack is added',
    {
      ...having({}),
      staging: { gateway: base.gateway, services: { ci: {} }, ollama: { isolation: 'loopback' } },
    },
    'widens',
    /what keeps Ollama apart .*`namespace` → `loopback`/,
  ],
  [
    'a stack is removed',
    { staging: { gateway: base.gateway, services: {} } },
    'neutral',
    /the stack is removed, with its services `ci`, `dashboard`, `live-review`/,
  ],
  [
    'fewer days of logs',
    having({ log: { rotateCount: 5 } }),
    'neutral',
    /older logs that are kept .*`30` → `5`/,
  ],
];

describe('a change of the configuration, in a git repository', () => {
  let repo: Repository;
  beforeAll(async () => {
    repo = await repository();
    await repo.configure({ production: base });
    await repo.render();
    repo.commit('The base');
  });
  afterAll(() => repo.remove());

  it('has at least 60 of them', () => expect(table.length).toBeGreaterThanOrEqual(60));

  it.each(table)('%s', async (_name, stacks, mark, line) => {
    await repo.configure(stacks);
    const found = await repo.review();
    const fitting = found.changes.filter(({ text }) => line.test(text));
    expect(fitting, found.changes.map((change) => `${change.mark} ${change.text}`).join('\n')).toHaveLength(
      1,
    );
    expect(fitting[0]?.mark).toBe(mark);
    expect(printReview(found)).toContain(fitting[0]?.text);
  });

  it('widens nowhere where the table says that it does not', async () => {
    for (const [name, stacks, mark] of table) {
      if (mark !== 'narrows' && mark !== 'neutral') continue;
      await repo.configure(stacks);
      const wide = (await repo.review()).changes.filter(
        ({ mark: one, of }) => one === 'widens' && of === 'production',
      );
      expect(wide, name).toEqual([]);
    }
  }, 240_000);
});
