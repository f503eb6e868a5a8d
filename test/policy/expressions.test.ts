import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateJson, traversalsInJson } from '../../lib/policy/expression/evaluate.ts';
import { parseTemplate } from '../../lib/policy/expression/parse.ts';
import { Unknown } from '../../lib/policy/stack.ts';
import { leavesOf } from '../../lib/policy/values.ts';

const nothing = (): undefined => undefined;
const references = (text: string): string[] =>
  leavesOf(evaluateJson(text, nothing)).flatMap(({ reference }) => reference ?? []);

/** Levels of HCL's specification ("Operations"), the tightest last. */
const levels = [['||'], ['&&'], ['==', '!='], ['<', '>', '<=', '>='], ['+', '-'], ['*', '/', '%']];
interface Tree {
  readonly operator: string;
  readonly left: Tree | number;
  readonly right: Tree | number;
}
const levelOf = (tree: Tree | number): number =>
  typeof tree === 'number' ? levels.length : levels.findIndex((level) => level.includes(tree.operator));
const trees = fc.letrec<{ tree: Tree | number }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.nat(3),
    fc.record({
      operator: fc.constantFrom(...levels.flat()),
      left: tie('tree'),
      right: tie('tree'),
    }),
  ),
})).tree;
const withAllParentheses = (tree: Tree | number): string =>
  typeof tree === 'number'
    ? String(tree)
    : `(${withAllParentheses(tree.left)} ${tree.operator} ${withAllParentheses(tree.right)})`;
/** With those alone that the levels do not make needless; operators of a level go from the left. */
const withFewParentheses = (tree: Tree | number): string => {
  if (typeof tree === 'number') return String(tree);
  const own = levelOf(tree);
  const left = withFewParentheses(tree.left);
  const right = withFewParentheses(tree.right);
  return [
    levelOf(tree.left) < own ? `(${left})` : left,
    tree.operator,
    levelOf(tree.right) <= own ? `(${right})` : right,
  ].join(' ');
};

describe('operators', () => {
  it.each([
    ['${8000 + 1717 * 2}', 11_434],
    ['${true || false && false}', true],
    ['${false || "prod" == "dev" ? "11434" : "443"}', '443'],
    ['${true || "prod" == "dev" ? "11434" : "443"}', '11434'],
    ['${"true" || false ? "11434" : "443"}', '11434'],
    ['${!true == false ? "11434" : "443"}', '11434'],
    ['${!false && false}', false],
    ['${-2 + 3}', 1],
    ['${10 - 3 - 2}', 5],
    ['${100 / 10 / 5}', 2],
    ['${1 + 2 < 4 && 2 * 3 >= 6}', true],
    ['${1 < 2 == true}', true],
    ['${7 % 4 * 2}', 6],
  ])('%s is as terraform says', (text, value) => {
    expect(evaluateJson(text, nothing)).toEqual(value);
  });

  it.each(['${1 / 0}', '${"x" + 1}', '${"1" == 1}', '${"x" || true}', '${replace("443", "/443/", "11434")}'])(
    '%s is not known',
    (text) => {
      expect(evaluateJson(text, nothing)).toBeInstanceOf(Unknown);
    },
  );

  it('bind as their levels say, so that parentheses around each change nothing', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const few = parseTemplate(`\${${withFewParentheses(tree)}}`);
        expect(few).toEqual(parseTemplate(`\${${withAllParentheses(tree)}}`));
      }),
      { numRuns: 2_000 },
    );
  });
});

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

describe('an expression that no one writes', () => {
  const deep = 20_000;
  it.each([
    ['parentheses', `${'('.repeat(deep)}1${')'.repeat(deep)}`],
    ['signs', `${'-'.repeat(deep)}1`],
    ['a chain of operators', `1${'+1'.repeat(deep)}`],
    ['choices', `${'true?'.repeat(deep)}1${':1'.repeat(deep)}`],
    ['texts in texts', `${'"${'.repeat(deep)}1${'}"'.repeat(deep)}`],
    ['lists', `${'['.repeat(deep)}1${']'.repeat(deep)}`],
  ])('with many %s is taken for unknown, and ends nothing', (_what, text) => {
    expect(parseTemplate(`\${${text} + var.secret_name.x}`).kind).toBe('opaque');
  });
});
