import { Unknown, type Value } from '../stack.ts';
import { isBlock, isList, textOf } from '../values.ts';

/** Functions whose result tells nothing about what they are given. */
const oneWay = new Set([
  'sha1',
  'sha256',
  'sha512',
  'md5',
  'base64sha256',
  'base64sha512',
  'bcrypt',
  'filemd5',
  'filesha1',
  'filesha256',
  'filesha512',
  'filebase64sha256',
  'filebase64sha512',
  'fileexists',
  'length',
  'can',
]);

const text = (value: Value | undefined): string => {
  const found = typeof value === 'boolean' ? String(value) : textOf(value);
  if (found === undefined) throw new RangeError('not a text');
  return found;
};
const list = (value: Value | undefined): readonly Value[] => {
  if (!isList(value)) throw new RangeError('not a list');
  return value;
};

const flat = (items: readonly Value[]): readonly Value[] =>
  items.flatMap((one) => (isList(one) ? flat(one) : [one]));

/** Functions of terraform whose result is needed, over values that are known. */
const functions: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
  tostring: ([value]) => text(value),
  tonumber: ([value]) => Number(text(value)),
  tobool: ([value]) => text(value) === 'true',
  tolist: ([value]) => list(value),
  toset: ([value]) => list(value),
  concat: (args) => args.flatMap((one) => list(one)),
  flatten: ([value]) => flat(list(value)),
  compact: ([value]) => list(value).filter((one) => one !== null && one !== ''),
  distinct: ([value]) => [...new Set(list(value))],
  coalesce: (args) => args.find((one) => one !== null && one !== '') ?? null,
  merge: (args) => Object.assign({}, ...args.filter(isBlock)) as Value,
  keys: ([value]) => (isBlock(value) ? Object.keys(value).sort() : []),
  values: ([value]) =>
    isBlock(value)
      ? Object.keys(value)
          .sort()
          .map((key) => value[key] ?? null)
      : [],
  join: ([separator, ...lists]) => lists.flatMap((one) => list(one).map(text)).join(text(separator)),
  split: ([separator, value]) => text(value).split(text(separator)),
  trimspace: ([value]) => text(value).trim(),
  chomp: ([value]) => text(value).replace(/[\r\n]+$/, ''),
  lower: ([value]) => text(value).toLowerCase(),
  upper: ([value]) => text(value).toUpperCase(),
  replace: ([value, from, to]) => {
    // Between slashes it is a regular expression of Go, which is not JavaScript's.
    if (/^\/.*\/$/s.test(text(from)) && text(from) !== '/') throw new RangeError('a regular expression');
    return text(value).replaceAll(text(from), () => text(to));
  },
  format: ([pattern, ...args]) => {
    let next = 0;
    return text(pattern).replace(/%(?:[sdqv]|%)/g, (verb) => (verb === '%%' ? '%' : text(args[next++])));
  },
  base64encode: ([value]) => Buffer.from(text(value)).toString('base64'),
  base64decode: ([value]) => Buffer.from(text(value), 'base64').toString(),
  jsonencode: ([value]) => JSON.stringify(value),
  jsondecode: ([value]) => JSON.parse(text(value)) as Value,
};

/** Whether a value is known whole. */
export function isKnown(value: Value): boolean {
  if (value instanceof Unknown) return false;
  if (isList(value)) return value.every(isKnown);
  return isBlock(value) ? Object.values(value).every(isKnown) : true;
}

/** What a function of terraform gives; an {@link Unknown} of its arguments where that is not known. */
export function call(name: string, args: readonly Value[]): Value {
  if (oneWay.has(name)) return new Unknown([], [], { call: name });
  const [first] = args;
  if ((name === 'nonsensitive' || name === 'sensitive') && first !== undefined) return first;
  if (name === 'try' && first !== undefined && isKnown(first)) return first;
  const known = functions[name];
  if (known !== undefined && args.every(isKnown)) {
    try {
      return known(args);
    } catch {
      // Terraform would refuse it; what it is made of counts all the same.
    }
  }
  // A list of which one item is unknown is a list still.
  if (['concat', 'flatten', 'tolist', 'toset', 'compact', 'distinct'].includes(name) && args.every(isList)) {
    return args.flatMap((one) => list(one));
  }
  return new Unknown([], args, { call: name });
}
