/** A part of the machine in which CPUs may be chosen, with what is known of it before any is. */

import type { Part } from './geometry.js';
import { FREE, type Ground, NOBODY, OWN, TAKEABLE, valueAt } from './ground.js';
import { LikesRoom, type Room, SumsRoom } from './room.js';

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
  const { cores, geometry, tierOf } = ground;
  const kept =
    cores === 'whole'
      ? parts.filter((part) => part.cpus.length === geometry.wholes[part.coreIndex]?.cpus.length)
      : parts;
  let [own, free, cpuCount] = [0, 0, 0];
  let lowest = Number.POSITIVE_INFINITY;
  for (const { cpus } of kept) {
    cpuCount += cpus.length;
    let best = NOBODY;
    for (const cpu of cpus) {
      const tier = valueAt(tierOf, cpu);
      if (cpu < lowest) lowest = cpu;
      if (best === NOBODY || tier < best) best = tier;
      if (cores === 'spread') continue;
      if (tier === OWN) own++;
      else if (tier === FREE) free++;
    }
    if (cores !== 'spread' || best === TAKEABLE) continue;
    if (best === OWN) own++;
    else free++;
  }
  const room =
    cores === 'whole'
      ? roomOfCores(kept)
      : new LikesRoom(1, cores === 'spread' ? kept.length : cpuCount);
  return { parts: kept, lowest, own, free, room };
}

function roomOfCores(parts: readonly Part[]): Room {
  const width = parts[0]?.cpus.length ?? 1;
  if (parts.every(({ cpus }) => cpus.length === width)) return new LikesRoom(width, parts.length);
  const pieces = new Map<number, number>();
  for (const { cpus } of parts) pieces.set(cpus.length, (pieces.get(cpus.length) ?? 0) + 1);
  return new SumsRoom(pieces);
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
  for (const { parts } of regions) {
    for (const part of parts) {
      const known = byCore.get(part.coreIndex);
      const cpus = known === undefined ? null : [...known.cpus, ...part.cpus];
      byCore.set(
        part.coreIndex,
        cpus === null ? part : { ...part, cpus: cpus.sort((a, b) => a - b) },
      );
    }
  }
  return regionOf(
    ground,
    [...byCore.values()].sort((a, b) => a.coreIndex - b.coreIndex),
  );
}
