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

/** No room at all. */
export const NO_ROOM: Room = { largest: 0, has: () => false, atMost: () => 0, atLeast: () => 0 };

/**
 * Room made of indivisible pieces.
 *
 * @param pieces width of a piece → how many there are of it
 */
export function roomOfPieces(pieces: ReadonlyMap<number, number>): Room {
  const [first, second] = pieces;
  if (first === undefined) return NO_ROOM;
  return second === undefined ? roomOfLikes(...first) : roomOfSums(pieces);
}

/** The room there is where any of several rooms will do. */
export function roomOfAny(rooms: readonly Room[]): Room {
  if (rooms.length === 1 && rooms[0] !== undefined) return rooms[0];
  return {
    largest: Math.max(0, ...rooms.map(({ largest }) => largest)),
    has: (count) => rooms.some((room) => room.has(count)),
    atMost: (count) => Math.max(0, ...rooms.map((room) => room.atMost(count))),
    atLeast: (count) => {
      const counts = rooms.map((room) => room.atLeast(count)).filter((least) => least > 0);
      return counts.length === 0 ? 0 : Math.min(...counts);
    },
  };
}

function roomOfLikes(width: number, pieces: number): Room {
  const largest = width * pieces;
  return {
    largest,
    has: (count) => count > 0 && count <= largest && count % width === 0,
    atMost: (count) => Math.max(0, Math.min(largest, count - (count % width))),
    atLeast: (count) => {
      const least = Math.max(1, Math.ceil(count / width)) * width;
      return least <= largest ? least : 0;
    },
  };
}

/** Pieces of several widths: which sums they make is worked out when somebody asks. */
function roomOfSums(pieces: ReadonlyMap<number, number>): Room {
  let largest = 0;
  for (const [width, count] of pieces) largest += width * count;
  let known: Uint8Array | undefined;
  const sums = () => {
    known ??= sumsOf(pieces, largest);
    return known;
  };
  const isSum = (count: number) => count > 0 && sums()[count] === 1;
  return {
    largest,
    has: isSum,
    atMost: (count) => {
      let most = Math.min(count, largest);
      while (most > 0 && !isSum(most)) most--;
      return Math.max(0, most);
    },
    atLeast: (count) => {
      let least = Math.max(1, count);
      while (least <= largest && !isSum(least)) least++;
      return least <= largest ? least : 0;
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
