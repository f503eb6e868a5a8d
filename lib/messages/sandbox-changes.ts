import { basename } from 'node:path';

/** What a saved change of the configuration means for a sandbox, in lines. */
export const summaryText = {
  service: (name: string, change: string) => `service ${name}: ${change}`,
  added: 'added, with a certificate of its own',
  removed: 'removed, its certificate gets 401',
  generation: (before: number, after: number) =>
    `generation ${before} to ${after}: earlier certificates get 401, a new one is issued`,
  gained: (grants: readonly string[]) => `may now call ${grants.join(', ')}`,
  lost: (grants: readonly string[]) => `may no longer call ${grants.join(', ')}`,
  limits: (limits: { requestsPerSecond: number; burst: number; concurrentStreams: number }) =>
    `limits now ${limits.requestsPerSecond} r/s, burst ${limits.burst}, ${limits.concurrentStreams} streams`,
  issuedAnew: (path: string) => `certificate ${basename(path)}: issued anew, with the same key`,
  file: (path: string) => `file ${path}`,
};
