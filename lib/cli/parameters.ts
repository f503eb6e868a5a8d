import { InvalidArgumentError } from 'commander';
import { port } from '../config/values.ts';

/** A folder's name as a parameter: an empty one, as of an unset variable of a shell, would be the working directory. */
export function parseFolder(value: string): string {
  if (value === '') throw new InvalidArgumentError('Give the name of a folder.');
  return value;
}

/** The port that an option's text gives, in decimal digits alone; undefined where it is none. */
export function portOf(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) ? port.safeParse(Number(text)).data : undefined;
}
