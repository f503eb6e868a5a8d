import { errorCode } from '../pki/file-errors.ts';

/**
 * Does what touches the file system, and turns the system's errors into ones for the user; others pass.
 *
 * @param told is given the error's code, such as EACCES
 */
export async function orTell<Result>(
  work: () => Promise<Result>,
  told: (code: string) => Error,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    throw code === undefined ? error : told(code);
  }
}
