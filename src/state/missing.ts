/** Whether something is not there: an answer, where it may be missing, and no failure. */

/** Whether an error of the file system says that there is nothing of that name. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
