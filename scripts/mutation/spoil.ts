/** A template with one thing spoiled, and the tests that must notice. */
export interface Spoil {
  /** What is wrong with it, in a few words. */
  readonly name: string;
  /** The template, relative to templates/etc/hardening/gateway. */
  readonly template: string;
  /** A text of the template, or a pattern with the g flag for every place. */
  readonly from: string | RegExp;
  readonly to: string;
  /** The test file that must fail. */
  readonly test: string;
  /** Part of the name of a test in it that must fail: that this one notices, and not just any. */
  readonly noticedBy: string;
}

/**
 * Returns the spoiled text of a template.
 *
 * @throws Error where the text to spoil is not there (any more): the spoil would prove nothing
 */
export function spoilText(text: string, { name, from, to }: Spoil): string {
  const spoiled = typeof from === 'string' ? text.replace(from, () => to) : text.replace(from, to);
  if (spoiled === text) throw new Error(`the spoil '${name}' finds nothing to change`);
  return spoiled;
}
