/** Filling nodes or caches: as few of them as can be, or all of them evenly. */

import type { Ground } from './ground.js';
import { splitBy } from './pick.js';
import { type Region, union } from './region.js';

/**
 * Sets of the fewest bins that have room for `cpuCount` together: that with the smallest left-over
 * that exchanging one bin after the other finds, and that with the most of the service's own CPUs.
 * Empty where all bins together have no room.
 */
export function packings(
  ground: Ground,
  bins: readonly Region[],
  cpuCount: number,
): (readonly Region[])[] {
  const byRoom = bins.toSorted(
    (a, b) => b.room.largest - a.room.largest || b.own - a.own || a.lowest - b.lowest,
  );
  // As long as all cores are alike, room in all together is as good as room in one.
  const addsUp = (set: readonly Region[]) =>
    ground.geometry.isRegular || union(ground, set).room.has(cpuCount);
  const fits = (set: readonly Region[]) => roomIn(set) >= cpuCount && addsUp(set);
  let [size, room] = [0, 0];
  while (room < cpuCount && size < byRoom.length) room += byRoom[size++]?.room.largest ?? 0;
  const largest = byRoom.slice(0, size);
  // Cores of several widths may not add up in the largest bins, and do so in others, or in more.
  const fewest = fits(largest) ? largest : addingUp(byRoom, cpuCount, size, fits);
  if (fewest === null) return [];
  size = fewest.length;
  const sets = [tightened(fewest, byRoom, 0, cpuCount, addsUp)];
  const byOwn = bins.toSorted((a, b) => b.own - a.own || a.lowest - b.lowest);
  const holding = byOwn.findIndex(({ own }) => own === 0);
  const most = Math.min(size, holding === -1 ? byOwn.length : holding);
  for (let held = most; held > 0; held--) {
    const kept = new Set(byOwn.slice(0, held));
    const others = byRoom.filter((bin) => !kept.has(bin)).slice(0, size - held);
    const set = [...kept, ...others];
    if (!fits(set)) continue;
    sets.push(tightened(set, byRoom, held, cpuCount, addsUp));
    break;
  }
  return sets;
}

/**
 * The fewest bins in which cores of several widths add up to `cpuCount`, or nearly so where that takes
 * long: then the `size` largest, and one after the other that follows. `null` where nothing adds up.
 */
function addingUp(
  byRoom: readonly Region[],
  cpuCount: number,
  size: number,
  fits: (set: readonly Region[]) => boolean,
): readonly Region[] | null {
  if (canTryAllSums(byRoom, cpuCount)) {
    return cheapest(byRoom, cpuCount, () => 1)?.map(({ bin }) => bin) ?? null;
  }
  for (let more = size; more <= byRoom.length; more++) {
    const set = byRoom.slice(0, more);
    if (fits(set)) return set;
  }
  return null;
}

function roomIn(set: readonly Region[]): number {
  return set.reduce((sum, { room }) => sum + room.largest, 0);
}

/**
 * The set with each bin from place `first` on exchanged for the smallest that still makes the set
 * fit, the last bin first; so that large bins stay for those who need them.
 */
function tightened(
  set: readonly Region[],
  byRoom: readonly Region[],
  first: number,
  cpuCount: number,
  addsUp: (set: readonly Region[]) => boolean,
): readonly Region[] {
  const tight = [...set];
  const used = new Set(set);
  let spare = roomIn(set) - cpuCount;
  for (let place = tight.length - 1; place >= first && spare > 0; place--) {
    const old = tight[place];
    if (old === undefined) continue;
    const isSmaller = ({ room }: Region) => old.room.largest > room.largest;
    const isEnough = ({ room }: Region) => old.room.largest - room.largest <= spare;
    const better = byRoom.findLast(
      (bin) => isEnough(bin) && isSmaller(bin) && !used.has(bin) && addsUp(tight.with(place, bin)),
    );
    if (better === undefined) continue;
    tight[place] = better;
    used.delete(old);
    used.add(better);
    spare -= old.room.largest - better.room.largest;
  }
  return tight;
}

/** How many CPUs of a bin. */
export interface Share {
  readonly bin: Region;
  readonly cpuCount: number;
}

/**
 * Shares of all bins that are as even as their room lets them be. Where a rest does not go up evenly,
 * the bins get it where the service keeps more of its own by it, then where fewer cores are split,
 * then the lowest. `null` where cores of several widths do not add up that way.
 */
export function evenShares(
  ground: Ground,
  bins: readonly Region[],
  cpuCount: number,
): Share[] | null {
  const step = stepOf(ground, bins);
  if (step === null) return unevenShares(bins, cpuCount);
  const levelOf = (level: number) => bins.map(({ room }) => Math.min(room.largest, level * step));
  const sumAt = (level: number) => levelOf(level).reduce((sum, share) => sum + share, 0);
  let [low, high] = [0, Math.ceil(cpuCount / step)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sumAt(middle) <= cpuCount) low = middle;
    else high = middle - 1;
  }
  const shares = levelOf(low);
  let rest = (cpuCount - sumAt(low)) / step;
  if (!Number.isInteger(rest)) return null;
  for (const index of rest === 0 ? [] : bestForRest(ground, bins, shares, step)) {
    if (rest === 0) break;
    shares[index] = (shares[index] ?? 0) + step;
    rest--;
  }
  return rest > 0 ? null : together(bins, shares);
}

/** By how much shares can grow; `null` where that differs. */
function stepOf({ cores }: Ground, bins: readonly Region[]): number | null {
  if (cores !== 'whole') return 1;
  const widths = new Set<number>();
  for (const { parts } of bins) for (const { cpus } of parts) widths.add(cpus.length);
  return widths.size === 1 ? ([...widths][0] ?? 1) : null;
}

/** The bins that can have a step more, those that are best for it first. */
function bestForRest(
  ground: Ground,
  bins: readonly Region[],
  shares: readonly number[],
  step: number,
): number[] {
  return bins
    .flatMap((bin, index) => {
      const share = shares[index] ?? 0;
      if (!bin.room.has(share + step)) return [];
      const kept = Math.min(step, Math.max(0, bin.own - share));
      const split =
        ground.cores === 'any'
          ? splitBy(ground, bin, share + step) - splitBy(ground, bin, share)
          : 0;
      return [{ index, kept, split }];
    })
    .sort((a, b) => b.kept - a.kept || a.split - b.split || a.index - b.index)
    .map(({ index }) => index);
}

/** Shares where cores of several widths must add up: the evenest, or nearly so where that takes long. */
function unevenShares(bins: readonly Region[], cpuCount: number): Share[] | null {
  return canTryAllSums(bins, cpuCount)
    ? cheapest(bins, cpuCount, (share) => share * share)
    : nearlyEven(bins, cpuCount);
}

/** Steps that {@link cheapest} may take: some ten milliseconds. */
const CHEAPEST_STEPS_MAX = 4_000_000;

function canTryAllSums(bins: readonly Region[], cpuCount: number): boolean {
  return roomIn(bins) * cpuCount <= CHEAPEST_STEPS_MAX;
}

/**
 * The shares that cost least together: bin by bin, the cheapest way to each sum. `null` where none add
 * up to `cpuCount`.
 */
function cheapest(
  bins: readonly Region[],
  cpuCount: number,
  costOf: (share: number) => number,
): Share[] | null {
  let costs = new Float64Array(cpuCount + 1).fill(Number.POSITIVE_INFINITY);
  costs[0] = 0;
  const lastShares = bins.map(({ room }) => {
    const next = Float64Array.from(costs);
    const shares = new Int32Array(cpuCount + 1);
    for (let share = room.atLeast(1); share > 0; share = room.atLeast(share + 1)) {
      const cost = costOf(share);
      for (let sum = share; sum <= cpuCount; sum++) {
        const candidate = (costs[sum - share] ?? 0) + cost;
        if (candidate >= (next[sum] ?? 0)) continue;
        next[sum] = candidate;
        shares[sum] = share;
      }
    }
    costs = next;
    return shares;
  });
  if (costs[cpuCount] === Number.POSITIVE_INFINITY) return null;
  const shares = bins.map(() => 0);
  let rest = cpuCount;
  for (let index = bins.length - 1; index >= 0; index--) {
    const share = lastShares[index]?.[rest] ?? 0;
    shares[index] = share;
    rest -= share;
  }
  return together(bins, shares);
}

/** Core after core to the bin that has least and can have one more. */
function nearlyEven(bins: readonly Region[], cpuCount: number): Share[] | null {
  const shares = bins.map(() => 0);
  let rest = cpuCount;
  while (rest > 0) {
    let best: { index: number; more: number } | null = null;
    for (const [index, bin] of bins.entries()) {
      const share = shares[index] ?? 0;
      const more = bin.room.atLeast(share + 1) - share;
      if (more <= 0 || more > rest) continue;
      if (best === null || share < (shares[best.index] ?? 0)) best = { index, more };
    }
    if (best === null) return null;
    shares[best.index] = (shares[best.index] ?? 0) + best.more;
    rest -= best.more;
  }
  return together(bins, shares);
}

function together(bins: readonly Region[], shares: readonly number[]): Share[] {
  return bins.flatMap((bin, index) => {
    const cpuCount = shares[index] ?? 0;
    return cpuCount === 0 ? [] : [{ bin, cpuCount }];
  });
}
