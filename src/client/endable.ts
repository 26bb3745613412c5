/** Streams that can be ended while somebody waits for their next line. */

/**
 * A generator that ends at once on `return()`, and when `signal` aborts. One that is merely awaited
 * would hear of `return()` only after its next line, which may never come.
 *
 * @param begin makes the generator; it must end when the signal that it is given aborts
 */
export function endable<Line>(
  begin: (ending: AbortSignal) => AsyncGenerator<Line, void, undefined>,
  signal?: AbortSignal,
): AsyncGenerator<Line, void, undefined> {
  const controller = new AbortController();
  const { signal: own } = controller;
  const lines = begin(signal === undefined ? own : AbortSignal.any([signal, own]));
  const end = () => {
    controller.abort();
    return lines.return();
  };
  return {
    next: () => lines.next(),
    return: end,
    throw: (error) => {
      controller.abort();
      return lines.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
