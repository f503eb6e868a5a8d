import { symbolicLink } from '../messages/pki.ts';

/** Runs a file operation and turns the system's errors into messages with the path; others pass. */
export function withPath<Result>(
  message: (path: string, code: string) => Error,
  path: string,
  operation: () => Result,
): Result {
  try {
    return operation();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw code === 'ELOOP' ? symbolicLink(path) : message(path, code);
  }
}

/** The code of a system error, such as ENOENT. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
