/** How good a choice of CPUs is: one vector for all placements, compared from its first term on. */

import type { Placement } from '../../protocol/placement.js';
import { NOWHERE } from './geometry.js';
import { type Ground, NOBODY, OWN, TAKEABLE, valueAt } from './ground.js';
import type { Region } from './region.js';

/**
 * Fewer is better, in this order: CPUs taken from others; what `numa` asks for; what `cache` asks
 * for; own CPUs kept (negative); cores that are not had as a whole; cores that were unbroken before;
 * CPUs left over in the nodes or caches that are touched.
 */
export type Terms = readonly number[];

/** A choice with its score. */
export interface Scored {
  /** Ascending. */
  readonly cpus: readonly number[];
  readonly terms: Terms;
}

/** Scores a choice, whatever way it was found. */
export function score(ground: Ground, placement: Placement, cpus: readonly number[]): Scored {
  const { geometry, tierOf } = ground;
  let [taken, kept] = [0, 0];
  const ofCore = new Map<number, number>();
  const ofNode = new Map<number, number>();
  const ofCache = new Map<number, number>();
  for (const cpu of cpus) {
    if (tierOf[cpu] === TAKEABLE) taken++;
    else if (tierOf[cpu] === OWN) kept++;
    countIn(ofCore, valueAt(geometry.coreOf, cpu));
    countIn(ofNode, valueAt(geometry.nodes.ofCpu, cpu));
    countIn(ofCache, valueAt(geometry.caches.ofCpu, cpu));
  }
  let [split, broken] = [0, 0];
  for (const [coreIndex, chosen] of ofCore) {
    const core = geometry.wholes[coreIndex]?.cpus ?? [];
    if (chosen === core.length) continue;
    split++;
    if (core.every((cpu) => tierOf[cpu] !== NOBODY && tierOf[cpu] !== TAKEABLE)) broken++;
  }
  const isAboutCaches = placement.cache !== 'any';
  const loose = isAboutCaches ? ground.looseInCache : ground.looseInNode;
  let left = taken - cpus.length;
  for (const place of (isAboutCaches ? ofCache : ofNode).keys()) left += loose[place] ?? 0;
  const caches = placement.cache === 'prefer' ? ofCache.size : 0;
  return { cpus, terms: [taken, numaTerm(placement, ofNode), caches, -kept, split, broken, left] };
}

function countIn(counts: Map<number, number>, place: number): void {
  counts.set(place, (counts.get(place) ?? 0) + 1);
}

/** The least that a choice in a region can score, if the region is one node, or one cache. */
export function bound(
  ground: Ground,
  placement: Placement,
  region: Region,
  cpuCount: number,
): Terms {
  const { own, free } = region;
  const taken = Math.max(0, cpuCount - own - free);
  const isAboutCaches = placement.cache !== 'any';
  const loose = isAboutCaches ? ground.looseInCache : ground.looseInNode;
  const { ofCpu } = isAboutCaches ? ground.geometry.caches : ground.geometry.nodes;
  const place = valueAt(ofCpu, region.lowest);
  const left = (place === NOWHERE ? 0 : valueAt(loose, place)) + taken - cpuCount;
  const nodes = placement.numa === 'pack' ? 1 : 0;
  const caches = placement.cache === 'prefer' ? 1 : 0;
  const kept = Math.min(own, cpuCount);
  return [taken, nodes, caches, -kept, ...splitAtLeast(ground, region, cpuCount), left];
}

/** Below 0 when the first is better; 0 only for terms that are alike. */
export function compareTerms(a: Terms, b: Terms): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A total order of choices of one size: by their terms, then the lowest CPUs first. */
export function compareScored(a: Scored, b: Scored): number {
  return compareTerms(a.terms, b.terms) || compareTerms(a.cpus, b.cpus);
}

/** Few nodes, or evenly filled ones: of two ways to fill them, the more even has the lower squares. */
function numaTerm({ numa }: Placement, ofNode: ReadonlyMap<number, number>): number {
  if (numa === 'pack') return ofNode.size;
  if (numa !== 'spread') return 0;
  let squares = 0;
  for (const count of ofNode.values()) squares += count * count;
  return squares;
}

/** How many cores any choice in a region splits, and how many of them were unbroken. */
function splitAtLeast(ground: Ground, { parts }: Region, cpuCount: number): [number, number] {
  const { cores, geometry, tierOf } = ground;
  if (cores === 'whole') return [0, 0];
  let [divisor, singles, broken] = [0, 0, 0];
  for (const { coreIndex, cpus } of parts) {
    const width = geometry.wholes[coreIndex]?.cpus.length ?? 1;
    divisor = greatestCommonDivisor(divisor, width);
    if (width === 1) singles++;
    else if (cpus.length < width || cpus.some((cpu) => tierOf[cpu] === TAKEABLE)) broken++;
  }
  if (cores === 'spread') {
    return [Math.max(0, cpuCount - singles), Math.max(0, cpuCount - singles - broken)];
  }
  const split = divisor > 0 && cpuCount % divisor !== 0 ? 1 : 0;
  return [split, broken === 0 ? split : 0];
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
