// @ts-check

/** A problem of the set-up that the user can act on: printed without a stack trace. */
export class SetUpError extends Error {
  /**
   * @param {string} problem what is wrong
   * @param {string} fix what to do about it
   * @param {number} [exitCode] 2 unless told otherwise: the command could not do its work
   */
  constructor(problem, fix, exitCode = 2) {
    super(problem);
    this.name = 'SetUpError';
    this.fix = fix;
    this.exitCode = exitCode;
  }
}
