import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clean } from '../../lib/probe/clean.ts';

describe('text from the other side', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['a title change', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
    ['an eight-bit control', '\u009b31m', '\\x9b31m'],
    ['a carriage return', 'bad\rgood', 'bad\\x0dgood'],
    ['lines', 'one\ntwo', 'one two'],
    ['text that runs backwards', 'a\u202eb', 'a\\u{202e}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['half a surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['letters of other scripts', 'Grüße, 你好', 'Grüße, 你好'],
  ])('%s', (_what, text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  test('what is too long ends in an ellipsis', () => {
    expect(clean('x'.repeat(500), 10)).toBe('xxxxxxxxx…');
  });

  test('nothing that steers a terminal is left, and the length holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const cleaned = clean(text, 100);
        expect(cleaned.length).toBeLessThanOrEqual(100);
        expect(cleaned).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 2000 },
    );
  });
});
