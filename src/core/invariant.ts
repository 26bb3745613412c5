/**
 * The check for what must hold inside the program. Never used for input from outside: that is
 * parsed at the edge and refused there.
 */

/** Thrown when the program itself is wrong. Carries no code: at the socket it becomes `INTERNAL`. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an {@link InvariantError} saying `sentence` unless `condition` holds. Always on. */
export function invariant(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(`internal: ${sentence}`);
}
