import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Upload } from '../../lib/release/upload.ts';
import { releaseMaker, type ReleaseMaker, type ReleaseOptions } from './support/release.ts';

let folder: string;
let maker: ReleaseMaker;
let usual: Upload;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhk-'));
  maker = releaseMaker('debian-13', folder);
  usual = await maker.make();
});
afterAll(async () => rm(folder, { recursive: true }));

const revocation = { service: 'ci', generation: 1, date: '2026-11-25', reason: 'stolen' };
const certificate = {
  ...{ authority: '1', serialNumber: '7', service: 'ci', generation: 1, notAfter: '2027-01-01T00:00:00Z' },
};
const textOf = (upload: Upload, path: string): string => upload.files.get(path)?.content ?? '';

describe('the upload of a release', () => {
  test('is the same for the same content', async () => {
    expect(await maker.make()).toEqual(usual);
    expect(usual.release).toMatch(/^[0-9a-f]{64}$/);
    expect(textOf(usual, 'release')).toBe(`${usual.release}\n`);
  });

  test.each<[what: string, options: ReleaseOptions]>([
    ['a limit', { gateway: { keepaliveRequests: 3 } }],
    ['a generation', { services: { ci: { generation: 2 }, leaver: {} } }],
    ['a service', { services: { ci: {} } }],
    ['a revocation', { revoked: [revocation] }],
    ['the reason of it', { revoked: [{ ...revocation, reason: 'lost' }] }],
    ['the day of it', { revoked: [{ ...revocation, date: '2026-11-26' }] }],
    ['a certificate', { issued: [] }],
    ['the certificates', { pki: 'other' }],
    ['a setting', { settings: { isolation: 'namespace' } }],
    [
      'a mode',
      {
        changeTree: (tree) => {
          const path = 'etc/logrotate.d/hardening-gateway';
          tree.set(path, { content: tree.get(path)?.content ?? '', mode: 0o755 });
        },
      },
    ],
  ])('has another name with %s changed', async (_what, options) => {
    expect((await maker.make(options)).release).not.toBe(usual.release);
  });

  test('names each rendered file in its manifest, with its hash and mode, in order', () => {
    const lines = textOf(usual, 'manifest').split('\n').slice(0, -1);
    const files = [...usual.files.keys()].filter((path) => path.startsWith('files/'));
    expect(lines.map((line) => line.slice(72))).toEqual(
      files.map((path) => path.slice('files'.length)).sort(),
    );
    for (const line of lines) {
      const [sum = '', mode = '', path = ''] = line.split('  ');
      const file = usual.files.get(`files${path}`);
      expect(sum).toBe(
        createHash('sha256')
          .update(file?.content ?? '')
          .digest('hex'),
      );
      expect(mode).toBe(`0${file?.mode.toString(8) ?? ''}`);
    }
  });

  test('has its keys in files that only their owner reads, and in no other', () => {
    const secret = [...usual.files].filter(([, { content }]) => content.includes('PRIVATE KEY'));
    expect(secret.map(([path]) => path).sort()).toEqual(['tls/health.key', 'tls/server.key']);
    for (const [, { mode }] of secret) expect(mode).toBe(0o600);
  });

  test('has the same name with another CRL, which outlives releases', async () => {
    const upload = await maker.make({ crl: await maker.crl({ number: 2 }) });
    expect(upload.release).toBe(usual.release);
    expect(textOf(upload, 'tls/ca.crl')).not.toBe(textOf(usual, 'tls/ca.crl'));
    expect((await maker.make({ crl: null })).files.has('tls/ca.crl')).toBe(false);
  });

  test('has lines for what is let in, revoked and issued', async () => {
    const upload = await maker.make({
      services: { ci: { generation: 3, overlap: true }, leaver: {} },
      revoked: [
        revocation,
        { ...revocation, service: 'gone', generation: undefined, reason: 'It was sold.' },
      ],
    });
    expect(textOf(upload, 'identities')).toBe('ci 2\nci 3\nleaver 1\n');
    expect(textOf(upload, 'revoked')).toBe('ci 1 2026-11-25 stolen\ngone all 2026-11-25 It was sold.\n');
    const issued = textOf(upload, 'issued').split('\n');
    expect(issued.map((line) => line.replace(/^1 [0-9]+ (.*) 20[0-9-]+T[0-9:]+Z$/, '$1'))).toEqual([
      ...['health 1', 'ci 2', 'ci 3', 'leaver 1', ''],
    ]);
  });

  test('brings the programs that put it in force', () => {
    expect([...usual.files.keys()].filter((path) => path.startsWith('programs/'))).toEqual(
      expect.arrayContaining(['programs/activate.sh', 'programs/hardening-release.sh']),
    );
  });

  test.each<[what: string, options: ReleaseOptions]>([
    [
      'a path that leaves its folder',
      { changeTree: (tree) => tree.set('etc/../root/x', { content: '', mode: 0o644 }) },
    ],
    ['a path with a blank', { changeTree: (tree) => tree.set('etc/a b', { content: '', mode: 0o644 }) }],
    ['a reason of two lines', { revoked: [{ ...revocation, reason: 'one\ntwo' }] }],
    ['a day that is none', { revoked: [{ ...revocation, date: 'today' }] }],
    ['a serial number in hexadecimal', { issued: [{ ...certificate, serialNumber: 'ab' }] }],
    ['a CA with a blank', { issued: [{ ...certificate, authority: '1 2' }] }],
    ['a time without a zone', { issued: [{ ...certificate, notAfter: '2027-01-01T00:00:00' }] }],
    ['a setting with a quote', { settings: { ollama: { version: "1'", sha256: '', url: undefined } } }],
  ])('refuses %s', async (_what, options) => {
    await expect(maker.make(options)).rejects.toThrow(RangeError);
  });
});
