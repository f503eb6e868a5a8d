import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assetFile } from '../../lib/policy/input/assets.ts';
import { nginxFilesOf, parseNginx } from '../../lib/policy/terms/nginx.ts';

describe("nginx's grammar", () => {
  it.each([
    ['a b;', [{ name: 'a', args: ['b'], block: undefined }]],
    ['a "b c" \'d;e\';', [{ name: 'a', args: ['b c', 'd;e'], block: undefined }]],
    ['# a b;\nc;', [{ name: 'c', args: [], block: undefined }]],
    ['a #b\n c;', [{ name: 'a', args: ['c'], block: undefined }]],
    ['a b#c;', [{ name: 'a', args: ['b#c'], block: undefined }]],
    ['a ${b}c;', [{ name: 'a', args: ['${b}c'], block: undefined }]],
    ['a {b c;}', [{ name: 'a', args: [], block: [{ name: 'b', args: ['c'], block: undefined }] }]],
    ['a "\\"";', [{ name: 'a', args: ['"'], block: undefined }]],
    ['a ~ "^x{1,2}";', [{ name: 'a', args: ['~', '^x{1,2}'], block: undefined }]],
  ])('%s', (text, directives) => {
    expect(parseNginx(text)).toEqual(directives);
  });

  it.each(['a', 'a {', 'a }', '}', ';', '{}', 'a "b;', 'a {b; c'])('has no %s', (text) => {
    expect(() => parseNginx(text)).toThrow(SyntaxError);
  });

  it('takes any text: reading it ends, with directives or a SyntaxError', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '{', '}', ';', '"', "'", '#', '\n', ' ', '\\', '$', '${')),
        (parts) => {
          try {
            parseNginx(parts.join(''));
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
          }
        },
      ),
    );
  });

  it('stops at a file that includes itself', () => {
    const file = assetFile('assets/files/etc/nginx/nginx.conf', 'include nginx.conf;');
    expect(nginxFilesOf([file])).toEqual([{ name: '/etc/nginx/nginx.conf', directives: undefined }]);
  });
});
