import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateKey } from '../../lib/policy/input/duplicate-keys.ts';

describe('a key that stands twice in one object', () => {
  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a\\"b":1,"a\\u0022b":2}', 'a"b'],
    ['{"a":{"b":1,"c":{},"b":2}}', 'a.b'],
    ['{"a":[{"b":1},{"b":1,"c":[1,2],"b":2}]}', 'a.1.b'],
    ['{"a":[[],{},{"b":0,"b":0}]}', 'a.2.b'],
    ['{"a":"{","b":"}","a":1}', 'a'],
    ['{"a":"\\\\","a":1}', 'a'],
    ['{"":1,"":2}', ''],
    ['{ "a" : 1 ,\n "a" : 2 }', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('is found in %s', (text, path) => {
    expect(duplicateKey(text)).toBe(path);
  });

  it.each([
    '{"a":{"a":{"a":1}},"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"a"}',
    '["a","a"]',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
    '{"a":"{\\"b\\":1,\\"b\\":2}","A":1}',
    '"a"',
    '1',
  ])('is not in %s', (text) => {
    expect(duplicateKey(text)).toBeUndefined();
  });

  it('is not in what JSON.stringify writes, and is in any such object with one key more', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (object, index) => {
        const text = JSON.stringify(object);
        expect(duplicateKey(text)).toBeUndefined();
        const keys = Object.keys(object);
        const key = keys[index % keys.length] ?? '';
        expect(duplicateKey(`${text.slice(0, -1)},${JSON.stringify(key)}:{"x":[0]}}`)).toBe(key);
      }),
    );
  });
});
