/** Why there is nothing to look at, in one sentence for the person who wanted to. */
export class ViewerError extends Error {
  override readonly name = 'ViewerError';
}
