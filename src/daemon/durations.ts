/** How long things took: counted into buckets, so that it costs the same however many there are. */

/**
 * Upper bounds in seconds. A request that only looks takes a millisecond or two, a durable write some
 * milliseconds, a scan of the largest machines a second; what waits longer than 10 s is given up.
 */
export const BOUNDS_S = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The durations of one kind of thing. */
export class Durations {
  /** How many were within each bound, and not within the one before; the last: within none. */
  readonly #counts = new Float64Array(BOUNDS_S.length + 1);
  #sumMs = 0;

  /** Counts one that took `ms` milliseconds. */
  note(ms: number): void {
    const seconds = ms / 1_000;
    let bucket = 0;
    while (bucket < BOUNDS_S.length && seconds > (BOUNDS_S[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  /** How many there were. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  get sumS(): number {
    return this.#sumMs / 1_000;
  }

  /** How many took no longer than each bound, in their order. */
  get cumulative(): number[] {
    let sum = 0;
    return BOUNDS_S.map((_, bucket) => {
      sum += this.#counts[bucket] ?? 0;
      return sum;
    });
  }
}
