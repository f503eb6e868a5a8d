import { basename } from 'node:path';

/** What a saved change of the configuration means for a sandbox, in lines. */
export const summaryText = {
  service: (name: string, change: string) => `service ${name}: ${change}`,
  added: 'added, with a certificate of its own',
  removed: 'removed, its certificate gets 401',
  generationsAdded: (generations: readonly number[]) =>
    `generation ${generations.join(' and ')} is let in, with a new certificate`,
  generationsDropped: (generations: readonly number[]) =>
    `generation ${generations.join(' and ')} is dropped, its certificate gets 401`,
  gained: (grants: readonly string[]) => `may now call ${grants.join(', ')}`,
  lost: (grants: readonly string[]) => `may no longer call ${grants.join(', ')}`,
  limits: (limits: { requestsPerSecond: number; burst: number; concurrentStreams: number }) =>
    `limits now ${limits.requestsPerSecond} r/s, burst ${limits.burst}, ${limits.concurrentStreams} streams`,
  issuedAnew: (path: string) => `certificate ${basename(path)}: issued anew, with the same key`,
  file: (path: string) => `file ${path}`,
};
