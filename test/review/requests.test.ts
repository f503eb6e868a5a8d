import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeRequest } from '../../lib/pki/request.ts';
import { publicKeyDer } from '../../lib/pki/keys.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { repository, type Repository } from './support/repository.ts';

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const shown = (key: KeyObject): string =>
  `the key \`sha256:${createHash('sha256').update(publicKeyDer(key)).digest('hex')}\``;
const [hosts, foreign] = [newKey(), newKey()];
const of = (generation: number, key: KeyObject, service = 'ci'): string =>
  makeRequest({ stack: 'production', service, generation }, key);

type Mode = 'managed' | 'csr';
type Service = NonNullable<StackInput['services']>[string];

describe('a review of requests', () => {
  let repo: Repository;
  beforeEach(async () => (repo = await repository()));
  afterEach(() => repo.remove());

  const configure = (mode: Mode, ci: Service | undefined): Promise<void> =>
    repo.configure({
      production: {
        gateway: { serverNames: ['models.example.com'] },
        services: ci === undefined ? {} : { ci },
        pki: { mode },
      },
    });
  /** What is said of requests, and which files nobody read, after one change of everything at once. */
  const said = async (
    before: readonly [Mode, Service | undefined, Readonly<Record<string, string>>],
    after: readonly [Mode, Service | undefined, Readonly<Record<string, string>>],
  ): Promise<string[]> => {
    for (const [mode, ci, files] of [before, after]) {
      await configure(mode, ci);
      for (const [path, text] of Object.entries(files)) await repo.write(path, text);
      if (mode === before[0] && ci === before[1]) {
        await repo.render();
        repo.commit('The base');
      }
    }
    const { changes, unread } = await repo.review({ base: 'HEAD' });
    expect(unread).toEqual([]);
    return changes
      .filter(({ text }) => / (?:a|the) request /.test(text))
      .map(({ mark, text }) => `${mark} ${text}`);
  };

  it('sees another key in the file of before', async () => {
    const ci = { csr: 'ci.pem' };
    expect(
      await said(['csr', ci, { 'ci.pem': of(1, hosts) }], ['csr', { ...ci }, { 'ci.pem': of(1, foreign) }]),
    ).toEqual([
      'widens service `ci`: the request of generation 1 is another one: **another key gets this identity**: ' +
        `${shown(hosts)} → ${shown(foreign)}`,
    ]);
  });

  it('sees another key where the host keeps it from a change on, in the same generation', async () => {
    expect(await said(['managed', {}, {}], ['csr', { csr: 'ci.pem' }, { 'ci.pem': of(1, foreign) }])).toEqual(
      [
        'mayWiden service `ci`: a request is handed in for generation 1: **its certificate is for ' +
          `${shown(foreign)}**; before: a key that no request was for`,
      ],
    );
  });

  it('sees whose key the next generation has', async () => {
    const files = { 'ci.pem': of(1, hosts), 'ci-2.pem': of(2, foreign) };
    expect(
      await said(['csr', { csr: 'ci.pem' }, files], ['csr', { csr: 'ci-2.pem', generation: 2 }, files]),
    ).toEqual([
      'mayWiden service `ci`: a request is handed in for generation 2: **its certificate is for ' +
        `${shown(foreign)}**; before: ${shown(hosts)}`,
    ]);
  });

  it('sees the key of a generation that is passed over, and let in by the overlap', async () => {
    const files = { 'ci.pem': of(1, hosts), 'ci-2.pem': of(2, foreign), 'ci-3.pem': of(3, hosts) };
    const after = { csr: 'ci-3.pem', previousCsr: 'ci-2.pem', generation: 3, overlap: true };
    const lines = await said(['csr', { csr: 'ci.pem' }, files], ['csr', after, files]);
    expect(lines[0]).toContain(`mayWiden service \`ci\`: a request is handed in for generation 2: **its`);
    expect(lines[0]).toContain(`${shown(foreign)}**; before: ${shown(hosts)}`);
    expect(lines[1]).toBe(
      `neutral service \`ci\`: the request of generation 3 is another file, for a key that it had: ${shown(hosts)}`,
    );
    expect(lines).toHaveLength(2);
  });

  it('tells the key of a service that is added', async () => {
    expect(
      await said(['csr', undefined, {}], ['csr', { csr: 'ci.pem' }, { 'ci.pem': of(1, foreign) }]),
    ).toEqual([
      `mayWiden service \`ci\`: a request is handed in for generation 1: **its certificate is for ${shown(foreign)}**; ` +
        'before: no key',
    ]);
  });

  it('sees that terraform gets a key for an identity whose host kept its own', async () => {
    const ci = { csr: 'ci.pem' };
    const lines = await said(
      ['csr', ci, { 'ci.pem': of(1, hosts) }],
      ['managed', { generation: 2, overlap: true }, {}],
    );
    expect(lines).toEqual([
      'mayWiden service `ci`: the request of generation 1, which is let in, is gone: ' +
        `**another key gets this identity**; before: ${shown(hosts)}`,
    ]);
  });

  it('finds the same key in a request that was signed anew, or lies elsewhere', async () => {
    const [one, two] = [of(1, hosts), of(1, hosts)];
    expect(one).not.toBe(two);
    const lines = await said(
      ['csr', { csr: 'a.pem' }, { 'a.pem': one }],
      ['csr', { csr: 'b.pem' }, { 'b.pem': two }],
    );
    expect(lines).toEqual([
      `neutral service \`ci\`: the request of generation 1 is another file, for a key that it had: ${shown(hosts)}`,
    ]);
  });

  it('takes what is no request for this identity for another key, and says so', async () => {
    for (const text of ['two\n', of(1, hosts, 'other'), of(2, hosts), of(1, hosts) + of(1, foreign)]) {
      await repo.remove();
      repo = await repository();
      const ci = { csr: 'ci.pem' };
      expect(
        await said(['csr', ci, { 'ci.pem': of(1, hosts) }], ['csr', { ...ci }, { 'ci.pem': text }]),
      ).toEqual([
        'widens service `ci`: the request of generation 1 is another one: **another key gets this identity**: ' +
          `${shown(hosts)} → what is no request for this identity`,
      ]);
    }
  });
});
