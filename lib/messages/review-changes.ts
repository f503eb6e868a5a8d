import { code, codes } from './review-markdown.ts';

interface Limits {
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly concurrentStreams: number;
}

interface Port {
  readonly protocol: string;
  readonly port: number;
  readonly purpose: string;
  readonly isOwn: boolean;
  readonly sources: readonly string[];
}

interface Request {
  readonly key: string | undefined;
}

/** The key of a request, by the SHA-256 of its SubjectPublicKeyInfo. */
const keyOf = ({ key }: Request): string =>
  key === undefined ? 'what is no request for this identity' : `the key ${code(`sha256:${key}`)}`;
const numbers = (list: readonly number[]): string => list.join(' and ');
const generations = (list: readonly number[]): string =>
  `${list.length === 1 ? 'generation' : 'generations'} ${numbers(list)}`;
const from = (was: unknown, is: unknown): string => `${String(was)} → ${String(is)}`;
const portName = ({ protocol, port }: Port): string => `${protocol} ${port}`;
/** What a port is for: the kit's own words, or those of whoever wrote the configuration. */
const purpose = ({ purpose: words, isOwn }: Port): string => (isOwn ? words : code(words));
const world = ' — **everybody on the Internet**';

/** What changes between two configurations, in words. Lines of Markdown; values from elsewhere are in code spans. */
export const reviewText = {
  services: (names: readonly string[], words: string) =>
    `${names.length === 1 ? 'service' : `${names.length} services,`} ${codes(names)}: ${words}`,
  serviceAdded: (list: readonly number[], routes: readonly string[], limits: Limits) =>
    `added, let in with ${generations(list)}; may call ${codes(routes)}, ${limits.requestsPerSecond} inference ` +
    `requests a second, burst ${limits.burst}, ${limits.concurrentStreams} concurrent streams`,
  serviceRemoved: 'let in no longer, its certificates get 401',
  earlierLetIn: (gained: readonly number[]) =>
    `an earlier certificate is let in (again): ${generations(gained)}`,
  rotated: (gained: readonly number[], dropped: readonly number[], later: readonly number[]) =>
    `rotated: ${generations(gained)} is let in` +
    (dropped.length === 0 ? '' : `, ${generations(dropped)} gets 401`) +
    (later.length > 1 ? `; ${generations(later)} are let in side by side until the overlap ends` : ''),
  generationDropped: (dropped: readonly number[]) =>
    `the overlap ends, or it is revoked: ${generations(dropped)} gets 401`,
  routesGained: (routes: readonly string[]) => `may call ${codes(routes)}, which it could not`,
  routesLost: (routes: readonly string[]) => `may no longer call ${codes(routes)}`,
  limit: {
    requestsPerSecond: (was: number, is: number) => `inference requests a second ${from(was, is)}`,
    burst: (was: number, is: number) => `burst ${from(was, is)}`,
    concurrentStreams: (was: number, is: number) => `concurrent streams ${from(was, is)}`,
  },
  certificateDays: (was: number, is: number) => `its certificate is valid for ${from(was, is)} days`,
  keyBefore: (request: Request | undefined) =>
    request === undefined ? 'a key that no request was for' : keyOf(request),
  requestGiven: (generation: number, were: readonly string[], is: Request) =>
    `a request is handed in for generation ${generation}: **its certificate is for ${keyOf(is)}**; before: ` +
    (were.join(' and ') || 'no key'),
  requestChanged: (generation: number, was: Request, is: Request) =>
    `the request of generation ${generation} is another one: **another key gets this identity**: ` +
    `${keyOf(was)} → ${keyOf(is)}`,
  requestOfSameKey: (generation: number, is: Request) =>
    `the request of generation ${generation} is another file, for a key that it had: ${keyOf(is)}`,
  requestGone: (generation: number, was: Request | undefined) =>
    `the request of generation ${generation}, which is let in, is gone: **another key gets this identity**; before: ` +
    reviewText.keyBefore(was),

  revoked: (service: string, upTo: number, date: string, reason: string) =>
    `revoked: ${code(service)}, ${upTo === Infinity ? 'every generation, for good' : `up to generation ${upTo}`}, ` +
    `on ${code(date)}: ${code(reason)}`,
  revocationGone: (service: string, was: number, is: number) =>
    `the record of a revocation of ${code(service)} is taken back: it said ` +
    `${was === Infinity ? 'every generation' : `up to generation ${was}`}, and says ` +
    `${is === 0 ? 'nothing' : `up to generation ${is}`}; machines that have it keep it, new ones do not get it`,
  revocationReworded: (service: string) => `the record of a revocation of ${code(service)} is worded anew`,

  portOpened: (port: Port, isWorld: boolean) =>
    `port opened: ${portName(port)} (${purpose(port)}) for ${codes(port.sources)}${isWorld ? world : ''}`,
  portClosed: (port: Port) => `port closed: ${portName(port)} (${purpose(port)})`,
  portPurpose: (was: Port, is: Port) =>
    `port ${portName(is)} is for something else: ${purpose(was)} → ${purpose(is)}`,
  sourcesGained: (port: Port, sources: readonly string[], isWorld: boolean) =>
    `${portName(port)} (${purpose(port)}) may be reached from ${codes(sources)} as well${isWorld ? world : ''}`,
  sourcesLost: (port: Port, sources: readonly string[]) =>
    `${portName(port)} (${purpose(port)}) may no longer be reached from all of ${codes(sources)}`,
  sourcesRewritten: (port: Port) =>
    `the networks that may reach ${portName(port)} are written another way: the same addresses`,

  adminAdded: (name: string, fingerprint: string) =>
    `administrator ${code(name)} may log in, with the key ${code(fingerprint)}`,
  adminRemoved: (name: string, fingerprint: string) =>
    `administrator ${code(name)} may no longer log in with the key ${code(fingerprint)}`,
  adminReplaced: (name: string, was: string, is: string) =>
    `administrator ${code(name)} logs in with another key: ${code(was)} → ${code(is)}`,
  outboundGained: (users: readonly string[]) =>
    `users of the machine may call out to any address: ${codes(users)}`,
  outboundLost: (users: readonly string[]) => `users of the machine may no longer call out: ${codes(users)}`,

  keysHeld: (was: string, is: string) =>
    `who holds the keys (\`pki.mode\`): ${code(was)} → ${code(is)}; ` +
    {
      managed: 'every key is in terraform’s state',
      csr: 'the CA’s key is in terraform’s state, services keep their own',
      external: 'no key is in terraform’s state',
    }[is as 'managed' | 'csr' | 'external'],
  generationOfAuthority: (number: number) => `the CA of generation ${number}`,
  folderOfAuthority: (path: string, digest: string | undefined) =>
    `the CA in ${code(path)} (${digest === undefined ? 'no certificate there' : `certificate ${code(digest)}`})`,
  authoritiesGained: (words: readonly string[]) => `the gateway trusts ${words.join(', ')}, which it did not`,
  authoritiesLost: (words: readonly string[]) => `the gateway no longer trusts ${words.join(', ')}`,
  authorityIssues: (words: string) => `certificates come from ${words}`,

  modelAdded: (name: string, digest: string | undefined) =>
    `model added: ${code(name)}, ` +
    (digest === undefined
      ? 'without a digest: what the registry has under that name first'
      : `pinned to ${code(digest)}`),
  modelRemoved: (name: string) => `model removed: ${code(name)} (what is on the disk stays there)`,
  modelPinned: (name: string, digest: string) => `model ${code(name)} is pinned to ${code(digest)}`,
  modelUnpinned: (name: string) => `model ${code(name)} is no longer pinned to a digest`,
  modelDigest: (name: string, was: string, is: string) =>
    `model ${code(name)} has another digest: ${code(was)} → ${code(is)}`,

  reasonGiven: (field: string, reason: string) => `a risk is acknowledged, ${code(field)}: ${code(reason)}`,
  reasonGone: (field: string) => `a risk is acknowledged no longer: ${code(field)}`,
  reasonReworded: (field: string, reason: string) =>
    `the reason for a risk is another one, ${code(field)}: ${code(reason)}`,

  stackAdded: 'the stack is added; what follows is compared with the defaults and nobody let in',
  stackRemoved: (services: readonly string[]) =>
    `the stack is removed${services.length === 0 ? '' : `, with its services ${codes(services)}`}; ` +
    'its machine stays as it is until `hardening destroy`',
  setting: (words: string, field: string, was: string, is: string) =>
    `${words} (${code(field)}): ${code(was)} → ${code(is)}`,
  unset: 'not set',
};
