/**
 * Which CPUs, where a request says how they are to lie: candidates from every part of the machine
 * that may hold them, and of these the one with the best score. Pure and deterministic;
 * `docs/protocol.md`, "Where", in code, and `docs/decisions/0011-a-placement-is-a-score.md`.
 */

import type { Placement } from '../../protocol/placement.js';
import { type CpuSet, cpuSetOf, cpusOf, isEmpty, NO_CPUS } from '../cpu-set.js';
import { invariant } from '../invariant.js';
import { evenShares, packings, type Share } from './bins.js';
import { NOWHERE, type Part, type Site } from './geometry.js';
import {
  cutBy,
  type Ground,
  groundOf,
  type Offer,
  offerAfter,
  partsOf,
  valueAt,
} from './ground.js';
import { layoutOf, pickIn } from './pick.js';
import { type Region, regionOf, regionsOf, union } from './region.js';
import { type Room, roomOfAny } from './room.js';
import { bound, compareScored, compareTerms, type Scored, score } from './score.js';

/**
 * How many CPUs can be had where `placement` wants them. What it only prefers takes no room away.
 *
 * @param offer what can be had, within the node that `near` or the request names
 */
export function roomFor(offer: Offer, site: Site, placement: Placement): Room {
  const ground = groundOf(offer, site, placement.cores);
  return roomOfAny(homesFor(ground, placement).map(({ room }) => room));
}

/**
 * The chosen CPUs: exactly `cpuCount`, for which there must be {@link roomFor}. Asked again by the
 * service that got them, the same.
 */
export function placeCpus(
  offer: Offer,
  site: Site,
  placement: Placement,
  cpuCount: number,
): CpuSet {
  const ground = groundFor(offer, site, placement, cpuCount);
  let chosen = bestOf(ground, placement, cpuCount);
  // Who has the best that was found may find better from there; until then a repetition would change
  // something. What is kept counts for nothing that came before it, so this ends: each is better in
  // nodes or caches than the one before.
  while (!isExact(ground, placement)) {
    const after = groundFor(offerAfter(offer, cpuSetOf(chosen.cpus)), site, placement, cpuCount);
    const again = bestOf(after, placement, cpuCount);
    if (compareTerms(again.cpus, chosen.cpus) === 0) break;
    chosen = again;
  }
  return cpuSetOf(chosen.cpus);
}

/** Without the CPUs of others, where the rest will do: nobody loses one in vain. */
function groundFor(offer: Offer, site: Site, placement: Placement, cpuCount: number): Ground {
  if (!isEmpty(offer.takeableCpus)) {
    const loose = groundOf({ ...offer, takeableCpus: NO_CPUS }, site, placement.cores);
    if (homesFor(loose, placement).some(({ room }) => room.has(cpuCount))) return loose;
  }
  return groundOf(offer, site, placement.cores);
}

/**
 * Whether the best that is found has the fewest nodes and caches, or the most even shares, that any
 * choice can have: then none that is found from there has fewer.
 */
function isExact({ geometry, offer }: Ground, { cores, numa, cache }: Placement): boolean {
  if (cache !== 'prefer' && (numa === 'any' || numa === 'single')) return true;
  const isOneWish = cache !== 'prefer' || numa === 'any' || numa === 'single';
  const addsUp = geometry.isRegular || (cores !== 'whole' && cache !== 'require');
  return isOneWish && addsUp && isEmpty(offer.takeableCpus);
}

/** The regions one of which must hold all CPUs. */
function homesFor(ground: Ground, { numa, cache }: Placement): Region[] {
  const byNode = numa === 'single' ? nodesIn(ground, ground.parts) : [ground.parts];
  return regionsOf(
    ground,
    cache === 'require' ? byNode.flatMap((parts) => cachesIn(ground, parts)) : byNode,
  );
}

function nodesIn({ geometry }: Ground, parts: readonly Part[]): (readonly Part[])[] {
  return cutBy(parts, geometry.nodes);
}

/** Those of CPUs whose cache is known. */
function cachesIn({ geometry }: Ground, parts: readonly Part[]): (readonly Part[])[] {
  const { caches } = geometry;
  return cutBy(parts, caches).filter(
    ([first]) => valueAt(caches.ofCpu, first?.cpus[0]) !== NOWHERE,
  );
}

/** Looks for the best choice, one candidate after the other. */
class Search {
  best: Scored | null = null;
  readonly ground: Ground;
  readonly placement: Placement;
  readonly cpuCount: number;

  constructor(ground: Ground, placement: Placement, cpuCount: number) {
    this.ground = ground;
    this.placement = placement;
    this.cpuCount = cpuCount;
  }

  consider(cpus: readonly number[]): void {
    const scored = score(this.ground, this.placement, cpus);
    if (this.best === null || compareScored(scored, this.best) < 0) this.best = scored;
  }

  considerRegion(region: Region): void {
    if (region.room.has(this.cpuCount)) this.consider(pickIn(this.ground, region, this.cpuCount));
  }

  /** Regions that are each one node, or one cache; those that cannot be the best are passed over. */
  considerEach(regions: readonly Region[]): boolean {
    const { ground, placement, cpuCount } = this;
    const fitting = regions.filter(({ room }) => room.has(cpuCount));
    const bounded = fitting
      .map((region) => ({ region, least: bound(ground, placement, region, cpuCount) }))
      .sort((a, b) => compareTerms(a.least, b.least) || a.region.lowest - b.region.lowest);
    for (const { region, least } of bounded) {
      const { best } = this;
      if (best !== null) {
        const difference = compareTerms(least, best.terms);
        const isLater = region.lowest > (best.cpus[0] ?? -1);
        if (difference > 0 || (difference === 0 && isLater)) break;
      }
      this.considerRegion(region);
    }
    return fitting.length > 0;
  }
}

function bestOf(ground: Ground, placement: Placement, cpuCount: number): Scored {
  const search = new Search(ground, placement, cpuCount);
  const homes = homesFor(ground, placement).filter(({ room }) => room.has(cpuCount));
  considerHeld(search, homes);
  const { numa, cache } = placement;
  if (cache === 'require') {
    search.considerEach(homes);
    // Some caches reach over several nodes.
    if (numa === 'pack') considerFewNodes(search, homes);
  } else if (numa === 'spread') considerEven(search, homes);
  else if (cache === 'prefer') considerFewCaches(search, homes);
  else if (numa === 'single') search.considerEach(homes);
  else considerFewNodes(search, homes);
  // What the fewest bins do not add up to, the whole may; there the most of what is held stays, and
  // the least is taken from others.
  const { ownCpus, takeableCpus } = ground.offer;
  const mayStay = numa === 'any' && !isEmpty(ownCpus);
  const isBetter = cache !== 'require' && (mayStay || !isEmpty(takeableCpus));
  if (search.best === null || isBetter) for (const home of homes) search.considerRegion(home);
  invariant(search.best !== null, 'there was no room for a placement');
  return search.best;
}

/** What the service holds already, if that is what it asks for. */
function considerHeld(search: Search, homes: readonly Region[]): void {
  const { ground, cpuCount } = search;
  const held = cpusOf(ground.offer.ownCpus);
  if (held.length !== cpuCount) return;
  const { parts, room } = regionOf(ground, partsOf(ground, held));
  if (!room.has(cpuCount)) return;
  const isWithin = (home: Region) => {
    const cpusOfCore = new Map(home.parts.map(({ coreIndex, cpus }) => [coreIndex, cpus]));
    return parts.every(({ coreIndex, cpus }) => {
      const known = cpusOfCore.get(coreIndex);
      return known !== undefined && cpus.every((cpu) => known.includes(cpu));
    });
  };
  const first = parts[0]?.coreIndex;
  const near = homes.filter((home) => home.parts.some(({ coreIndex }) => coreIndex === first));
  if (near.some(isWithin)) search.consider(held);
}

/** One node if it fits, and the fewest if none does. */
function considerFewNodes(search: Search, homes: readonly Region[]): void {
  const { ground, cpuCount } = search;
  for (const { parts } of homes) {
    const nodes = regionsOf(ground, nodesIn(ground, parts));
    if (search.considerEach(nodes)) continue;
    for (const set of packings(ground, nodes, cpuCount)) search.considerRegion(union(ground, set));
  }
}

/** One cache if it fits, and the fewest if none does; within the fewest nodes, where those matter. */
function considerFewCaches(search: Search, homes: readonly Region[]): void {
  const { ground, placement, cpuCount } = search;
  const inCaches = (parts: readonly Part[]) =>
    regionsOf(ground, cutBy(parts, ground.geometry.caches));
  const pools: Region[] = [];
  for (const home of homes) {
    const nodes = placement.numa === 'pack' ? regionsOf(ground, nodesIn(ground, home.parts)) : [];
    const fitting = nodes.filter(({ room }) => room.has(cpuCount));
    if (placement.numa !== 'pack') pools.push(home);
    else if (fitting.length > 0) pools.push(...fitting);
    else pools.push(...packings(ground, nodes, cpuCount).map((set) => union(ground, set)));
  }
  if (search.considerEach(pools.flatMap(({ parts }) => inCaches(parts)))) return;
  for (const { parts } of pools) {
    for (const set of packings(ground, inCaches(parts), cpuCount)) {
      search.considerRegion(union(ground, set));
    }
  }
}

/** An even share of each node; each share by itself in few caches, where those matter. */
function considerEven(search: Search, homes: readonly Region[]): void {
  const { ground, placement, cpuCount } = search;
  const alike = new Map<string, readonly number[]>();
  for (const { parts } of homes) {
    const nodes = regionsOf(ground, nodesIn(ground, parts));
    const shares = evenShares(ground, nodes, cpuCount);
    if (shares === null) continue;
    const cpus = shares.flatMap((share) =>
      placement.cache === 'any'
        ? pickIn(ground, share.bin, share.cpuCount)
        : fewCachesIn(search, share, alike),
    );
    search.consider(cpus.sort((a, b) => a - b));
  }
}

/**
 * A share in few caches of its node.
 *
 * @param alike what was found where CPUs lie alike, caches included: their places in the node
 */
function fewCachesIn(
  { ground, placement }: Search,
  { bin, cpuCount }: Share,
  alike: Map<string, readonly number[]>,
): number[] {
  const { siblings, key } = layoutOf(ground, bin.parts);
  const names = new Map<number, number>();
  const cacheNames = siblings.map((cpu) => {
    const cache = valueAt(ground.geometry.caches.ofCpu, cpu);
    const name = names.get(cache) ?? names.size;
    names.set(cache, name);
    return name;
  });
  const name = key === null ? null : `${cpuCount}${key}/${cacheNames.join()}`;
  const known = name === null ? undefined : alike.get(name);
  if (known !== undefined) return known.map((place) => siblings[place] ?? NOWHERE);
  const search = new Search(ground, { ...placement, numa: 'any' }, cpuCount);
  considerFewCaches(search, [bin]);
  const cpus = [...(search.best?.cpus ?? pickIn(ground, bin, cpuCount))];
  if (name !== null) {
    const places = new Map(siblings.map((cpu, place) => [cpu, place]));
    alike.set(
      name,
      cpus.map((cpu) => places.get(cpu) ?? NOWHERE),
    );
  }
  return cpus;
}
