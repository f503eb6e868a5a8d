import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { minimal, problems } from './support/problems.ts';

const reason = 'The runner was stolen from the office; found out by operations.';
const stack = (changes: Record<string, unknown>): unknown => ({
  stacks: { production: { ...minimal, ...changes } },
});
const revoked = (entry: Record<string, unknown>) => ({
  revoked: [{ service: 'ci', date: '2026-11-25', reason, ...entry }],
});

describe('identities are accepted', () => {
  it.each<[string, Record<string, unknown>]>([
    ['with an overlap', { services: { ci: { generation: 2, overlap: true } } }],
    ['with a record of the revoked', revoked({ generation: 1 })],
    ['with a name that is used up', revoked({})],
    ['by request', { pki: { mode: 'csr' }, services: { ci: { csr: 'identities/ci.csr.pem' } } }],
    [
      'by request in two generations',
      {
        pki: { mode: 'csr' },
        services: { ci: { generation: 2, overlap: true, csr: 'ci-2.pem', previousCsr: 'ci-1.pem' } },
      },
    ],
    ['of a folder', { pki: { mode: 'external', directory: 'pki' } }],
    ['of the next CA before it issues', { pki: { alsoTrustedCaGenerations: [2] } }],
    ['of the next folder', { pki: { mode: 'external', directory: 'a', alsoTrustedDirectories: ['b'] } }],
    ['of a folder beside terraform’s CA', { pki: { alsoTrustedDirectories: ['pki'] } }],
  ])('%s', (_what, changes) => {
    expect(problems(stack(changes))).toEqual([]);
  });
});

describe('identities are refused', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['an overlap with nothing before', 'services.ci.overlap', { services: { ci: { overlap: true } } }],
    ['a request without its mode', 'services.ci.csr', { services: { ci: { csr: 'ci.pem' } } }],
    ['the mode without a request', 'services.ci.csr', { pki: { mode: 'csr' } }],
    [
      'an earlier request without an overlap',
      'services.ci.previousCsr',
      { pki: { mode: 'csr' }, services: { ci: { csr: 'b.pem', previousCsr: 'a.pem' } } },
    ],
    [
      'a request elsewhere',
      'services.ci.csr',
      { pki: { mode: 'csr' }, services: { ci: { csr: '../ci.pem' } } },
    ],
    [
      'a request of the root',
      'services.ci.csr',
      { pki: { mode: 'csr' }, services: { ci: { csr: '/ci.pem' } } },
    ],
    ['an external CA without its folder', 'pki.directory', { pki: { mode: 'external' } }],
    ['a folder without its mode', 'pki.directory', { pki: { directory: 'pki' } }],
    [
      'a CA of terraform in a folder',
      'pki.caGeneration',
      { pki: { mode: 'external', directory: 'pki', caGeneration: 2 } },
    ],
    ['a CA beside itself', 'pki.alsoTrustedCaGenerations', { pki: { alsoTrustedCaGenerations: [1] } }],
    [
      'a folder beside itself',
      'pki.alsoTrustedDirectories',
      { pki: { mode: 'external', directory: 'pki', alsoTrustedDirectories: ['pki'] } },
    ],
    ['a day that is none', 'revoked[0].date', revoked({ date: '2026-02-30' })],
    ['a day in words', 'revoked[0].date', revoked({ date: 'today' })],
    ['a revocation without a reason', 'revoked[0].reason', revoked({ reason: 'lost' })],
    ['a name that is none', 'revoked[0].service', revoked({ service: 'CI' })],
    ['the machine’s own identity', 'revoked', revoked({ service: 'health' })],
  ])('%s', (_what, path, changes) => {
    expect(problems(stack(changes)).map((problem) => problem.path)).toEqual([`stacks.production.${path}`]);
  });
});

describe('let in are', () => {
  const accepted = (changes: Record<string, unknown>): string[] => {
    const [config] = Object.values(parseConfig(stack(changes), 'test').stacks);
    if (config === undefined) throw new Error('no stack');
    return resolve('production', config).services.flatMap(({ name, identities }) =>
      identities.map(({ generation }) => `${name} ${generation}`),
    );
  };
  const services = { ci: { generation: 3, overlap: true }, dashboard: {} };

  it.each<[string, Record<string, unknown>, string[]]>([
    ['the configured generation', {}, ['ci 1']],
    ['the one before too, with an overlap', { services }, ['ci 2', 'ci 3', 'dashboard 1']],
    ['what is not revoked', { services, ...revoked({ generation: 2 }) }, ['ci 3', 'dashboard 1']],
    ['nobody of a revoked generation', { services, ...revoked({ generation: 3 }) }, ['dashboard 1']],
    ['nobody of a name that is used up', { services, ...revoked({}) }, ['dashboard 1']],
    [
      'whom an older entry does not mean',
      { services, ...revoked({ generation: 1 }) },
      ['ci 2', 'ci 3', 'dashboard 1'],
    ],
    ['others than a revoked service that left', revoked({ service: 'gone' }), ['ci 1']],
  ])('%s', (_what, changes, expected) => {
    expect(accepted(changes)).toEqual(expected);
  });
});
