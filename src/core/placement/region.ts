/** A part of the machine in which CPUs may be chosen, with what is known of it before any is. */

import { FREE, type Ground, OWN, type Part, valueAt } from './ground.js';
import { type Room, roomOfPieces } from './room.js';

/** CPUs among which to choose. */
export interface Region {
  /** Ascending by core. With `whole`, only cores of which every eligible sibling can be had here. */
  readonly parts: readonly Part[];
  /** The lowest CPU. */
  readonly lowest: number;
  /** How many CPUs can be the service's own already; with `spread`, of how many cores. */
  readonly own: number;
  /** How many more of them nobody holds. */
  readonly free: number;
  readonly room: Room;
}

/** The region that these parts make, for the way in which cores are to be used. */
export function regionOf(ground: Ground, parts: readonly Part[]): Region {
  const { cores, siblings, tierOf } = ground;
  const kept =
    cores === 'whole'
      ? parts.filter(({ coreIndex, cpus }) => cpus.length === siblings[coreIndex]?.length)
      : parts;
  let [own, free, lowest] = [0, 0, Number.POSITIVE_INFINITY];
  const pieces = new Map<number, number>();
  const add = (width: number, count: number) => pieces.set(width, (pieces.get(width) ?? 0) + count);
  for (const { cpus } of kept) {
    lowest = Math.min(lowest, cpus[0] ?? lowest);
    if (cores === 'spread') {
      const tier = Math.min(...cpus.map((cpu) => valueAt(tierOf, cpu)));
      if (tier === OWN) own++;
      else if (tier === FREE) free++;
      add(1, 1);
      continue;
    }
    for (const cpu of cpus) {
      if (tierOf[cpu] === OWN) own++;
      else if (tierOf[cpu] === FREE) free++;
    }
    if (cores === 'whole') add(cpus.length, 1);
    else add(1, cpus.length);
  }
  return { parts: kept, lowest, own, free, room: roomOfPieces(pieces) };
}

/** The regions of all pieces, those without any room left out. */
export function regionsOf(ground: Ground, pieces: Iterable<readonly Part[]>): Region[] {
  const regions: Region[] = [];
  for (const parts of pieces) {
    const region = regionOf(ground, parts);
    if (region.room.largest > 0) regions.push(region);
  }
  return regions;
}

/** One region of several. */
export function union(ground: Ground, regions: readonly Region[]): Region {
  const [only] = regions;
  if (regions.length === 1 && only !== undefined) return only;
  const byCore = new Map<number, Part>();
  for (const part of regions.flatMap(({ parts }) => parts)) {
    const known = byCore.get(part.coreIndex);
    const cpus = known === undefined ? part.cpus : [...known.cpus, ...part.cpus];
    byCore.set(
      part.coreIndex,
      known === undefined ? part : { ...part, cpus: cpus.toSorted((a, b) => a - b) },
    );
  }
  return regionOf(
    ground,
    [...byCore.values()].sort((a, b) => a.coreIndex - b.coreIndex),
  );
}
