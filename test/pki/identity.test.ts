import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAuthority, issueClient } from '../../lib/pki/authority.ts';
import { distinguishedName, maximumGeneration, type Identity } from '../../lib/pki/identity.ts';
import { generateKey } from '../../lib/pki/keys.ts';
import { rfc2253Subject } from './support/openssl.ts';

const good: Identity = { stack: 'prod', service: 'ci', generation: 1 };

describe('distinguishedName', () => {
  test.each([
    [good, 'serialNumber=1,CN=ci,O=prod'],
    [
      { stack: 'a', service: 'live-review-2', generation: maximumGeneration },
      'serialNumber=2147483647,CN=live-review-2,O=a',
    ],
    [{ ...good, service: 'x'.repeat(64) }, `serialNumber=1,CN=${'x'.repeat(64)},O=prod`],
  ])('%j is %s', (identity, expected) => {
    expect(distinguishedName(identity)).toBe(expected);
  });

  test.each([
    '',
    'CI',
    'Ci',
    '1ci',
    '-ci',
    'ci_1',
    'ci.example',
    'ci ',
    ' ci',
    'ci\n',
    '\nci',
    'ci\r',
    'ci\t',
    'ci\0',
    'ci,O=prod',
    'ci+serialNumber=2',
    'ci"',
    "ci'",
    'ci\\',
    'ci\\2c',
    'ci;',
    'ci{',
    'ci}',
    'ci$host',
    'ci=',
    'ci#',
    'ci/..',
    '../ci',
    'ci*',
    'сі',
    'cı',
    'ｃｉ',
    'ci\u0301',
    'ci\u200b',
    'ci\u202e',
    'x'.repeat(65),
  ])('refuses the name %j', (name) => {
    expect(() => distinguishedName({ ...good, service: name })).toThrow(RangeError);
    expect(() => distinguishedName({ ...good, stack: name })).toThrow(RangeError);
  });

  test.each([0, -1, 1.5, NaN, Infinity, maximumGeneration + 1, 2 ** 53])(
    'refuses generation %d',
    (generation) => {
      expect(() => distinguishedName({ ...good, generation })).toThrow(RangeError);
    },
  );

  test.each([
    ['an array that prints as a name', { ...good, service: ['ci'] }],
    ['a text as generation', { ...good, generation: '1' }],
    ['a missing name', { ...good, stack: undefined }],
  ])('refuses %s', (_name, identity) => {
    expect(() => distinguishedName(identity as unknown as Identity)).toThrow(RangeError);
  });

  test('accepts exactly what its rule says, and what it accepts has three parts', () => {
    const characters = fc.constantFrom(...'abz09-AZ_., =+"\'\\;#{}$/\n\r\0éі'.split(''));
    const name = fc.string({ unit: characters, maxLength: 6 });
    fc.assert(
      fc.property(name, name, fc.integer({ min: -2, max: 3 }), (stack, service, generation) => {
        const allowed =
          [stack, service].every((text) => text !== '' && /^[a-z]/.test(text) && !/[^a-z0-9-]/.test(text)) &&
          generation > 0;
        const call = (): string => distinguishedName({ stack, service, generation });
        if (!allowed) expect(call).toThrow(RangeError);
        else
          expect(call().split(/[,=]/)).toEqual([
            'serialNumber',
            String(generation),
            'CN',
            service,
            'O',
            stack,
          ]);
      }),
      { numRuns: 2000 },
    );
  });

  test('is what openssl reads from the certificate that is issued for the identity', async () => {
    const now = new Date();
    const authority = await createAuthority({ commonName: 'CA', organization: 'any', lifetimeDays: 2, now });
    const publicKey = await generateKey();
    const letter = fc.constantFrom('a', 'b', 'x', 'z');
    const name = fc
      .tuple(letter, fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '-'), maxLength: 63 }))
      .map(([first, rest]) => first + rest);
    await fc.assert(
      fc.asyncProperty(
        name,
        name,
        fc.integer({ min: 1, max: maximumGeneration }),
        async (stack, service, generation) => {
          const identity = { stack, service, generation };
          const pem = await issueClient(authority, { identity, lifetimeDays: 1, now, publicKey });
          expect(rfc2253Subject(pem)).toBe(distinguishedName(identity));
        },
      ),
      { numRuns: 12 },
    );
  });

  test('no hostile identity gets a certificate', async () => {
    const now = new Date();
    const authority = await createAuthority({ commonName: 'CA', organization: 'any', lifetimeDays: 2, now });
    const publicKey = await generateKey();
    const hostile = fc
      .oneof(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc
          .tuple(
            fc.constantFrom('ci', 'prod'),
            fc.constantFrom(',', '+', '\n', '\0', '\\', '"', ';', '$', ' '),
          )
          .map((parts) => parts.join('')),
      )
      .filter((name) => !/^[a-z][a-z0-9-]{0,63}$/.test(name) || name.endsWith('\n'));
    await fc.assert(
      fc.asyncProperty(hostile, fc.boolean(), async (name, asStack) => {
        const identity = asStack ? { ...good, stack: name } : { ...good, service: name };
        await expect(issueClient(authority, { identity, lifetimeDays: 1, now, publicKey })).rejects.toThrow(
          RangeError,
        );
      }),
      { numRuns: 100 },
    );
  });
});
