import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { helpers as languageHelpers } from './helpers.ts';
import { markdownHelpers } from './markdown-helpers.ts';
import { conditionOf, parseTemplate } from './strict-template.ts';

/** The kit's own templates, laid out as the machine's file system. */
export const templatesDirectory = fileURLToPath(new URL('../../templates', import.meta.url));

/** A template by the path of the file it makes, relative to the root of the machine. */
export type Templates = ReadonlyMap<string, (context: object) => string>;

const helpers = { ...languageHelpers, ...markdownHelpers };
const environment = Handlebars.create();
for (const [name, helper] of Object.entries(helpers)) {
  // Handlebars passes its own options last: helpers get the template's values alone.
  environment.registerHelper(name, (...values: unknown[]) => helper(...values.slice(0, -1)));
}
environment.registerHelper('if', function (this: unknown, path: string, options: Handlebars.HelperOptions) {
  const value = conditionOf(path, this, (options.data as { root: unknown }).root);
  if (value === null) throw new RangeError('null is no condition');
  return value === false || value === undefined ? options.inverse(this) : options.fn(this);
});
environment.registerHelper('each', (value: unknown, options: Handlebars.HelperOptions) => {
  if (!Array.isArray(value)) throw new RangeError('#each needs a list');
  return value.map((item: unknown) => options.fn(item)).join('');
});

/**
 * Reads and compiles every `*.hbs` under a folder. Templates are free of logic and strict: only the helpers of
 * helpers.ts print, a name that is no helper is an error, and so is a missing value, also as a condition.
 *
 * @throws Error for a template that does not compile, or says more than templates are to say
 */
export function loadTemplates(directory: string = templatesDirectory): Templates {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.hbs'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return new Map(
    files.map((file) => {
      const target = relative(directory, file).split(sep).join('/').slice(0, -'.hbs'.length);
      const template = environment.compile(
        parseTemplate(file, readFileSync(file, 'utf8'), Object.keys(helpers)),
        {
          strict: true,
          noEscape: true,
          knownHelpersOnly: true,
          knownHelpers: Object.fromEntries(Object.keys(helpers).map((name) => [name, true])),
        },
      );
      return [target, (context: object) => template(context)];
    }),
  );
}
