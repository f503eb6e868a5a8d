import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { code, codes } from '../../lib/messages/review-markdown.ts';
import { withoutCodeSpans } from './support/code-spans.ts';

describe('a value in a code span', () => {
  it('is as it was where it is plain', () => {
    expect(code('ci')).toBe('`ci`');
    expect(code(8)).toBe('`8`');
  });

  it('shows what is not printable ASCII as its number', () => {
    expect(code('a\nb')).toBe('`a\\u{a}b`');
    expect(code('\u202Eevil')).toBe('`\\u{202e}evil`');
    expect(code('\u0441i')).toBe('`\\u{441}i`');
  });

  it('is cut where it is long', () => expect(code('a'.repeat(5_000)).length).toBeLessThan(500));

  it('leaves nothing outside, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'`@#<>| \n\\a'.split('')) }),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (values) => {
        expect(withoutCodeSpans(codes(values))).toBe(Array(values.length).fill('').join(', '));
      }),
      { numRuns: 2_000 },
    );
  });

  it('says how many there are beside those that are shown', () => {
    expect(codes(['a', 'b', 'c'], 2)).toBe('`a`, `b` and 1 more');
  });
});
