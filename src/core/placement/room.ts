/**
 * How many CPUs can be had somewhere: not always any number up to the largest, as cores that are
 * handed out as a whole add up to some numbers only.
 */

/** The numbers of CPUs, above 0, that can be had. */
export interface Room {
  /** The largest; 0 where nothing can be had. */
  readonly largest: number;
  /** Whether exactly `count` can be had. */
  has(count: number): boolean;
  /** The largest that can be had and is not above `count`; 0 where there is none. */
  atMost(count: number): number;
  /** The smallest that can be had and is not below `count`; 0 where there is none. */
  atLeast(count: number): number;
}

/** Room made of pieces that are all as wide as each other. */
export class LikesRoom implements Room {
  readonly largest: number;
  readonly #width: number;

  constructor(width: number, pieces: number) {
    this.#width = width;
    this.largest = width * pieces;
  }

  has(count: number): boolean {
    return count > 0 && count <= this.largest && count % this.#width === 0;
  }

  atMost(count: number): number {
    return Math.max(0, Math.min(this.largest, count - (count % this.#width)));
  }

  atLeast(count: number): number {
    const least = Math.max(1, Math.ceil(count / this.#width)) * this.#width;
    return least <= this.largest ? least : 0;
  }
}

/** Room made of pieces of several widths. Which sums they make is worked out when somebody asks. */
export class SumsRoom implements Room {
  readonly largest: number;
  readonly #pieces: ReadonlyMap<number, number>;
  #sums: Uint8Array | null = null;

  /** @param pieces width of a piece → how many there are of it */
  constructor(pieces: ReadonlyMap<number, number>) {
    this.#pieces = pieces;
    this.largest = [...pieces].reduce((sum, [width, count]) => sum + width * count, 0);
  }

  has(count: number): boolean {
    this.#sums ??= sumsOf(this.#pieces, this.largest);
    return count > 0 && this.#sums[count] === 1;
  }

  atMost(count: number): number {
    let most = Math.min(count, this.largest);
    while (most > 0 && !this.has(most)) most--;
    return Math.max(0, most);
  }

  atLeast(count: number): number {
    let least = Math.max(1, count);
    while (least <= this.largest && !this.has(least)) least++;
    return least <= this.largest ? least : 0;
  }
}

/** The room there is where any of several rooms will do. */
export function roomOfAny(rooms: readonly Room[]): Room {
  if (rooms.length === 1 && rooms[0] !== undefined) return rooms[0];
  return {
    largest: rooms.reduce((most, { largest }) => Math.max(most, largest), 0),
    has: (count) => rooms.some((room) => room.has(count)),
    atMost: (count) => rooms.reduce((most, room) => Math.max(most, room.atMost(count)), 0),
    atLeast: (count) => {
      const counts = rooms.map((room) => room.atLeast(count)).filter((least) => least > 0);
      return counts.length === 0 ? 0 : counts.reduce((least, each) => Math.min(least, each));
    },
  };
}

function sumsOf(pieces: ReadonlyMap<number, number>, largest: number): Uint8Array {
  const isSum = new Uint8Array(largest + 1);
  isSum[0] = 1;
  for (const [width, count] of pieces) {
    // How many pieces of this width the cheapest way to each sum needs.
    const needed = new Int32Array(largest + 1);
    for (let sum = width; sum <= largest; sum++) {
      if (isSum[sum] === 1 || isSum[sum - width] !== 1) continue;
      const more = (needed[sum - width] ?? 0) + 1;
      if (more > count) continue;
      isSum[sum] = 1;
      needed[sum] = more;
    }
  }
  return isSum;
}
