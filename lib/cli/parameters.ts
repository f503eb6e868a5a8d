import { InvalidArgumentError } from 'commander';

/** A folder's name as a parameter: an empty one, as of an unset variable of a shell, would be the working directory. */
export function parseFolder(value: string): string {
  if (value === '') throw new InvalidArgumentError('Give the name of a folder.');
  return value;
}
