/**
 * Things that come and go by the thousand, each under a number. A `Map` makes its table anew every few
 * dozen times, and the old table, once it has outlived a collection or two, keeps the new one and all
 * that was in it from being collected for long: half of the connections of a busy socket survived so.
 */

/** What is here now. */
export class Register<T extends object> {
  readonly #things: (T | null)[] = [];
  /** Places of {@link #things} that are empty. */
  readonly #free: number[] = [];

  /** How many there are. */
  get size(): number {
    return this.#things.length - this.#free.length;
  }

  /** Takes something in; gives its number, which another gets once it is gone. */
  add(thing: T): number {
    const number = this.#free.pop() ?? this.#things.length;
    this.#things[number] = thing;
    return number;
  }

  /**
   * Lets go of what has that number, and gives it back; `null` = nothing has it.
   *
   * @param isMeant whether it is what was meant, and not what has the number since
   */
  take(number: number, isMeant: (thing: T) => boolean = () => true): T | null {
    const thing = this.#things[number] ?? null;
    if (thing === null || !isMeant(thing)) return null;
    this.#things[number] = null;
    this.#free.push(number);
    return thing;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const thing of this.#things) if (thing !== null) yield thing;
  }
}
