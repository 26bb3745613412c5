/**
 * What a placement chooses from: of each CPU that can be had, whose it is now, and its core, NUMA
 * node and last-level cache. Arrays by CPU id, because thousands of CPUs are asked about thousands of
 * times in one decision.
 */

import type { Placement } from '../../protocol/placement.js';
import type { Choice } from '../choose-cpus.js';
import {
  type CpuSet,
  countCpus,
  cpuSetOf,
  cpusOf,
  hasCpu,
  intersectCpus,
  subtractCpus,
  uniteCpus,
} from '../cpu-set.js';
import type { Homes } from '../homes.js';
import type { MachineFacts } from '../machine.js';

/** What can be had: that of a {@link Choice}, of any number of CPUs. */
export type Offer = Omit<Choice, 'cpuCount'>;

/** Where the CPUs are that can be had. */
export interface Site {
  /** The CPUs of each last-level cache; see {@link MachineFacts}. */
  readonly caches: MachineFacts['caches'];
  readonly homes: Homes;
}

/** Whose a CPU is, the less it hurts to have it the lower; {@link NOBODY} can have the others. */
export const OWN = 1;
export const FREE = 2;
export const TAKEABLE = 3;
export const NOBODY = 0;

/** No cache is known. */
export const NO_CACHE = -1;

/** Those CPUs of a core that can be had. */
export interface Part {
  readonly coreIndex: number;
  /** Ascending. */
  readonly cpus: readonly number[];
}

/** Everything to choose from. */
export interface Ground {
  readonly offer: Offer;
  readonly cores: Placement['cores'];
  /** The eligible siblings of each core that has any, ascending by the lowest of them. */
  readonly siblings: readonly (readonly number[])[];
  /** Those of each core that can be had; cores without any are left out. */
  readonly parts: readonly Part[];
  /** CPU → whose it is. */
  readonly tierOf: Uint8Array;
  /** CPU → the place of its core in {@link siblings}. */
  readonly coreOf: Int32Array;
  /** CPU → its home. */
  readonly nodeOf: Int32Array;
  /** CPU → the place of its cache in the facts, or {@link NO_CACHE}. */
  readonly cacheOf: Int32Array;
  /** Node, or cache → how many of its CPUs are the service's own or free. */
  readonly looseInNode: ReadonlyMap<number, number>;
  readonly looseInCache: ReadonlyMap<number, number>;
}

/** Looks at what can be had. */
export function groundOf(offer: Offer, site: Site, cores: Placement['cores']): Ground {
  const { eligibleCpus, ownCpus, freeCpus, takeableCpus } = offer;
  const length = eligibleCpus.length * 32;
  const tierOf = new Uint8Array(length);
  for (const cpu of cpusOf(takeableCpus)) tierOf[cpu] = TAKEABLE;
  for (const cpu of cpusOf(freeCpus)) tierOf[cpu] = FREE;
  for (const cpu of cpusOf(ownCpus)) tierOf[cpu] = OWN;

  const siblings: (readonly number[])[] = [];
  for (const core of offer.cores) {
    const eligible = core.every((cpu) => hasCpu(eligibleCpus, cpu))
      ? core
      : core.filter((cpu) => hasCpu(eligibleCpus, cpu));
    if (eligible.length > 0) siblings.push(eligible);
  }
  siblings.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));

  const coreOf = new Int32Array(length).fill(-1);
  const parts: Part[] = [];
  siblings.forEach((core, coreIndex) => {
    for (const cpu of core) coreOf[cpu] = coreIndex;
    const cpus = core.filter((cpu) => tierOf[cpu] !== NOBODY);
    if (cpus.length > 0) parts.push({ coreIndex, cpus });
  });

  const nodeOf = nodesByCpu(site.homes, eligibleCpus);
  const cacheOf = new Int32Array(length).fill(NO_CACHE);
  site.caches.forEach((cpus, index) => {
    for (const cpu of cpus) if (cpu < length) cacheOf[cpu] = index;
  });
  const loose = cpusOf(uniteCpus(ownCpus, freeCpus));
  return {
    offer,
    cores,
    siblings,
    parts,
    tierOf,
    coreOf,
    nodeOf,
    cacheOf,
    looseInNode: countBy(loose, nodeOf),
    looseInCache: countBy(loose, cacheOf),
  };
}

/** The offer as it would be if the service held `cpus` and nothing else of it. */
export function offerAfter(offer: Offer, cpus: CpuSet): Offer {
  const loose = uniteCpus(offer.ownCpus, offer.freeCpus);
  return {
    ...offer,
    ownCpus: cpus,
    freeCpus: subtractCpus(loose, cpus),
    takeableCpus: subtractCpus(offer.takeableCpus, cpus),
  };
}

/** The offer as far as it is within `cpus`. */
export function offerWithin(offer: Offer, cpus: CpuSet): Offer {
  return {
    ...offer,
    ownCpus: intersectCpus(offer.ownCpus, cpus),
    freeCpus: intersectCpus(offer.freeCpus, cpus),
    takeableCpus: intersectCpus(offer.takeableCpus, cpus),
  };
}

/** How many CPUs are offered. */
export function countOffered({ ownCpus, freeCpus, takeableCpus }: Offer): number {
  return countCpus(ownCpus) + countCpus(freeCpus) + countCpus(takeableCpus);
}

/** Some CPUs, core by core. */
export function partsOf(ground: Ground, cpus: Iterable<number>): Part[] {
  const wanted = cpuSetOf(cpus);
  return ground.parts.flatMap(({ coreIndex, cpus: all }) => {
    const some = all.filter((cpu) => hasCpu(wanted, cpu));
    return some.length === 0 ? [] : [{ coreIndex, cpus: some }];
  });
}

/**
 * Cuts parts by what `keyOf` says of each CPU: its node, or its cache.
 *
 * @returns ascending by the lowest CPU
 */
export function cutBy(parts: readonly Part[], keyOf: Int32Array): Map<number, Part[]> {
  const pieces = new Map<number, Part[]>();
  const add = (key: number, part: Part) => {
    const known = pieces.get(key);
    if (known === undefined) pieces.set(key, [part]);
    else known.push(part);
  };
  for (const part of parts) {
    const key = valueAt(keyOf, part.cpus[0]);
    if (part.cpus.every((cpu) => keyOf[cpu] === key)) add(key, part);
    else {
      const { coreIndex, cpus } = part;
      for (const each of new Set(cpus.map((cpu) => valueAt(keyOf, cpu)))) {
        add(each, { coreIndex, cpus: cpus.filter((cpu) => keyOf[cpu] === each) });
      }
    }
  }
  return pieces;
}

/** What an array by CPU id says of a CPU that must be in it. */
export function valueAt(values: Int32Array | Uint8Array, cpu: number | undefined): number {
  return values[cpu ?? -1] ?? NO_CACHE;
}

function nodesByCpu(homes: Homes, eligibleCpus: CpuSet): Int32Array {
  const nodeOf = new Int32Array(eligibleCpus.length * 32).fill(-1);
  for (const [nodeId, cpus] of homes) {
    for (const cpu of cpusOf(cpus)) if (cpu < nodeOf.length) nodeOf[cpu] = nodeId;
  }
  return nodeOf;
}

function countBy(cpus: readonly number[], keyOf: Int32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const cpu of cpus) {
    const key = valueAt(keyOf, cpu);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
