import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTemplates } from '../../lib/render/templates.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeAll(async () => (folder = await temporaryFolder()));
afterAll(() => folder.remove());

/** Loads a template of this text, as the kit loads its own. */
async function load(text: string): Promise<(context: object) => string> {
  await writeFile(join(folder.path, 'file.hbs'), text);
  const print = loadTemplates(folder.path).get('file');
  if (print === undefined) throw new Error('the template is not among those that were loaded');
  return print;
}

const context = {
  stack: 'production',
  evil: 'x";\n evil',
  gateway: { port: 443, off: false, unset: undefined, nothing: null, list: [{ name: 'a' }, { name: 'b' }] },
  words: ['a', 'b'],
};

describe('a template prints', () => {
  test.each([
    ['a value by a helper', '{{nginx stack}}:{{integer gateway.port}}', 'production:443'],
    ['a value with a literal', '{{list " " words}}', 'a b'],
    ['a list', '{{#each gateway.list}}{{nginx name}},{{/each}}', 'a,b,'],
    [
      'the root inside of a list',
      '{{#each words}}{{nginx this}}{{integer @root.gateway.port}} {{/each}}',
      'a443 b443 ',
    ],
    ['what is true', '{{#if gateway.port}}yes{{else}}no{{/if}}', 'yes'],
    ['what is false', '{{#if gateway.off}}yes{{else}}no{{/if}}', 'no'],
    ['what is there and undefined', '{{#if gateway.unset}}yes{{else}}no{{/if}}', 'no'],
    ['a condition on an entry', '{{#each gateway.list}}{{#if name}}{{nginx name}}{{/if}}{{/each}}', 'ab'],
    ['a condition on the root', '{{#each words}}{{#if @root.gateway.off}}{{else}}n{{/if}}{{/each}}', 'nn'],
    ['a comment', '{{! nothing }}x', 'x'],
  ])('%s', async (_what, text, printed) => {
    expect((await load(text))(context)).toBe(printed);
  });
});

describe('a template does not load with', () => {
  test.each([
    ['a value without a helper', '{{stack}}'],
    ['a path without a helper', '{{gateway.port}}'],
    ['a raw value', '{{{stack}}}'],
    ['a raw helper', '{{{nginx stack}}}'],
    ['a raw helper by &', '{{&nginx stack}}'],
    ['this', '{{this}}'],
    ['a path of this', '{{this.stack}}'],
    ['the root', '{{@root.stack}}'],
    ['a helper without a value', '{{nginx}}'],
    ['a helper that there is not', '{{nope stack}}'],
    ['lookup', '{{lookup this "stack"}}'],
    ['log', '{{log stack}}'],
    ['a helper in a helper', '{{nginx (lookup this "stack")}}'],
    ['a named value', '{{nginx stack=stack}}'],
    ['#with', '{{#with gateway}}{{integer port}}{{/with}}'],
    ['#unless', '{{#unless gateway.off}}x{{/unless}}'],
    ['a block of a value', '{{#gateway}}x{{/gateway}}'],
    ['an inverse block', '{{^gateway}}x{{/gateway}}'],
    ['a helper as a block', '{{#nginx stack}}x{{/nginx}}'],
    ['#if of nothing', '{{#if}}x{{/if}}'],
    ['#if of two', '{{#if stack gateway}}x{{/if}}'],
    ['#if of a literal', '{{#if true}}x{{/if}}'],
    ['#if of a helper', '{{#if (nginx stack)}}x{{/if}}'],
    ['#each with a name', '{{#each words as |word|}}{{nginx word}}{{/each}}'],
    ['the context around', '{{#each words}}{{nginx ../stack}}{{/each}}'],
    ['the number of an entry', '{{#each words}}{{integer @index}}{{/each}}'],
    ['a partial', '{{> other}}'],
    ['a decorator', '{{* nginx}}'],
    ['a value in an else', '{{#if stack}}{{else}}{{stack}}{{/if}}'],
    ['a value in a list', '{{#each words}}{{this}}{{/each}}'],
    ['a block without an end', '{{#if stack}}'],
  ])('%s', async (_what, text) => {
    await expect(load(`first line\n${text}\n`)).rejects.toThrow(/file\.hbs|Parse error/);
  });

  test('a word that says where', async () => {
    await expect(load('one\ntwo {{stack}}\n')).rejects.toThrow(/file\.hbs:2: \{\{stack\}\} /);
  });
});

describe('a template does not print', () => {
  test.each([
    ['a missing value', '{{integer gateway.nope}}'],
    ['a value of a missing object', '{{integer nope.nope}}'],
    ['a list that is none', '{{#each gateway}}x{{/each}}'],
    ['a list that is missing', '{{#each gateway.nope}}x{{/each}}'],
    ['what is missing as a condition', '{{#if gateway.nope}}x{{/if}}'],
    ['a missing word as a condition', '{{#if nope}}x{{/if}}'],
    ['a path below a missing one as a condition', '{{#if nope.nope}}x{{/if}}'],
    ['a path below undefined as a condition', '{{#if gateway.unset.x}}x{{/if}}'],
    ['what is inherited as a condition', '{{#if gateway.toString}}x{{/if}}'],
    ['what an entry has not as a condition', '{{#each gateway.list}}{{#if port}}x{{/if}}{{/each}}'],
    ['what the root has not as a condition', '{{#if @root.nope}}x{{/if}}'],
    ['null as a condition', '{{#if gateway.nothing}}x{{/if}}'],
    ['a value that leaves its place', '{{nginx evil}}'],
  ])('%s', async (_what, text) => {
    const print = await load(text);
    expect(() => print(context)).toThrow();
  });
});
