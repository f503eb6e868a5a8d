import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateJson, traversalsInJson } from '../../lib/policy/expression/evaluate.ts';
import { parseTemplate } from '../../lib/policy/expression/parse.ts';
import { Unknown } from '../../lib/policy/stack.ts';
import { leavesOf } from '../../lib/policy/values.ts';

const nothing = (): undefined => undefined;
const references = (text: string): string[] =>
  leavesOf(evaluateJson(text, nothing)).flatMap(({ reference }) => reference ?? []);

describe('an expression', () => {
  it.each([
    ['${1 + 2 * 1}', 3],
    ['${"a"}', 'a'],
    ['x${"a"}y', 'xay'],
    ['$${a.b}', '${a.b}'],
    ['%%{if}', '%{if}'],
    ['${join(",", ["a", "b"])}', 'a,b'],
    ['${{"a" = 1}["a"]}', 1],
    ['${[1, 2]}', [1, 2]],
    ['${true && !false}', true],
    ['${"a" == "b" ? 1 : 2}', 2],
    ['${base64decode("aGk=")}', 'hi'],
    ['${jsonencode({a = [1]})}', '{"a":[1]}'],
    ['${"line\\n\\u0041 \\"q\\""}', 'line\nA "q"'],
    ['${ /* x */ 1 # y\n}', 1],
  ])('%s is known', (text, value) => {
    expect(evaluateJson(text, nothing)).toEqual(value);
  });

  it.each([
    ['${a_b.c.d}', ['a_b.c.d']],
    ['${a_b.c["d"]}', ['a_b.c.d']],
    ['${a_b.c[0].d}', ['a_b.c.d']],
    ['${a_b.c[*].d}', ['a_b.c.d']],
    ['${a_b.c.*.d}', ['a_b.c.d']],
    ['${data.a.b.c}', ['data.a.b.c']],
    ['${f(a_b.c.d, "${e_f.g.h}")}', ['a_b.c.d', 'e_f.g.h']],
    ['${[for x in a_b.c.d : x.y if x.z]}', ['a_b.c.d', 'x.y', 'x.z']],
    ['${{for k, v in a_b.c.d : k => v...}}', ['a_b.c.d', 'k', 'v']],
    ['%{ if a_b.c.d }x%{ else }${e_f.g.h}%{ endif }', ['a_b.c.d', 'e_f.g.h']],
    ['${provider::x::f(a_b.c.d)}', ['a_b.c.d']],
    ['${"a_b.c.d"}', []],
    ['$${a_b.c.d}', []],
    ['${sha256(a_b.c.d)}', []],
  ])('%s refers to %j', (text, expected) => {
    expect(references(text)).toEqual(expected);
  });

  it('that cannot be read keeps its words and its references', () => {
    const value = evaluateJson('${a_b.c.d +++ ]}', nothing);
    expect(value).toBeInstanceOf(Unknown);
    expect(references('${a_b.c.d +++ ]}')).toContain('a_b.c.d');
  });

  it('may be any text: reading it ends, and throws nothing', () => {
    const pieces = fc.constantFrom(
      '${',
      '}',
      '"',
      '%{',
      '[',
      ']',
      '{',
      '(',
      ')',
      ' for ',
      ' in ',
      ':',
      '=',
      'a_b.c',
      '\\',
      '?',
      '.',
      '*',
      ',',
      '$',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 20 }), (parts) => {
        const text = parts.join('');
        parseTemplate(text);
        evaluateJson(text, nothing);
        traversalsInJson(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('in a text without an opening is that text', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/[$%]\{/.test(text)),
        (text) => {
          expect(evaluateJson(text, nothing)).toBe(text);
        },
      ),
    );
  });
});
