/**
 * Hands on together what comes at about the same time: a look at the machine, a decision and a
 * write then serve many. Who comes alone waits for one turn of the event loop.
 */

/**
 * As many are handed on at once, although more may follow; the next gather while these are served. Half
 * of the 256 clients that `npm run bench` has at most: what many share costs each of them less.
 */
const TOGETHER_MAX = 128;

export class Gatherer<T> {
  readonly #handOn: (items: readonly T[]) => void;
  #items: T[] = [];
  #isWatching = false;
  /** How many there were when the last turn ended. */
  #seenCount = 0;

  constructor(handOn: (items: readonly T[]) => void) {
    this.#handOn = handOn;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= TOGETHER_MAX) this.#release();
    else if (!this.#isWatching) this.#watch();
  }

  #watch(): void {
    this.#isWatching = true;
    setImmediate(() => {
      this.#isWatching = false;
      // A turn that brought nothing: whoever comes later is not to be waited for. libuv accepts one
      // connection a turn, so that as long as each brings one there are more.
      if (this.#items.length === this.#seenCount) {
        this.#release();
      } else {
        this.#seenCount = this.#items.length;
        this.#watch();
      }
    });
  }

  #release(): void {
    const items = this.#items;
    this.#items = [];
    this.#seenCount = 0;
    if (items.length > 0) this.#handOn(items);
  }
}
