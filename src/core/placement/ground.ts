/** What a placement chooses from: of each CPU that can be had, whose it is now. */

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
import {
  type Division,
  type Geometry,
  geometryOf,
  NOWHERE,
  type Part,
  SEVERAL,
  type Site,
} from './geometry.js';

/** What can be had: that of a {@link Choice}, of any number of CPUs. */
export type Offer = Omit<Choice, 'cpuCount'>;

/** Whose a CPU is, the less it hurts to have it the lower; {@link NOBODY} can have the others. */
export const OWN = 1;
export const FREE = 2;
export const TAKEABLE = 3;
export const NOBODY = 0;

/** How some CPUs lie. A place is the position among {@link siblings}. */
export interface Layout {
  /** All eligible CPUs of the cores meant, ascending. */
  readonly siblings: readonly number[];
  /** Core by core, the places of its CPUs. */
  readonly cores: readonly (readonly number[])[];
  /** Tier → the places of the CPUs of it that are meant. */
  readonly tiers: readonly (readonly number[])[];
  /** The same for CPUs that lie alike; `null` = they are too many to find others. */
  readonly key: string | null;
}

/** A choice that was made on CPUs that lie alike: places among those CPUs, and how many cores it splits. */
export interface KnownPick {
  readonly places: readonly number[];
  readonly split: number;
}

/** Everything to choose from. Arrays by CPU id or by core, as they are asked thousands of times. */
export interface Ground {
  readonly offer: Offer;
  readonly cores: Placement['cores'];
  readonly geometry: Geometry;
  /** The CPUs of each core that can be had; cores without any are left out. */
  readonly parts: readonly Part[];
  /** CPU → whose it is. */
  readonly tierOf: Uint8Array;
  /** Node, or cache, by its place → how many of its CPUs are the service's own or free. */
  readonly looseInNode: Int32Array;
  readonly looseInCache: Int32Array;
  /** Choices made on this ground, by how the CPUs lie. */
  readonly picks: Map<string, KnownPick>;
  readonly layouts: Map<readonly Part[], Layout>;
}

/** Looks at what can be had. */
export function groundOf(offer: Offer, site: Site, cores: Placement['cores']): Ground {
  const { eligibleCpus, ownCpus, freeCpus, takeableCpus } = offer;
  const geometry = geometryOf(eligibleCpus, site);
  const tierOf = new Uint8Array(eligibleCpus.length * 32);
  for (const cpu of cpusOf(takeableCpus)) tierOf[cpu] = TAKEABLE;
  for (const cpu of cpusOf(freeCpus)) tierOf[cpu] = FREE;
  for (const cpu of cpusOf(ownCpus)) tierOf[cpu] = OWN;
  const parts: Part[] = [];
  for (const whole of geometry.wholes) {
    const cpus = whole.cpus.filter((cpu) => tierOf[cpu] !== NOBODY);
    if (cpus.length === whole.cpus.length) parts.push(whole);
    else if (cpus.length > 0) parts.push({ coreIndex: whole.coreIndex, cpus });
  }
  const loose = cpusOf(uniteCpus(ownCpus, freeCpus));
  return {
    offer,
    cores,
    geometry,
    parts,
    tierOf,
    looseInNode: countBy(loose, geometry.nodes),
    looseInCache: countBy(loose, geometry.caches),
    picks: new Map(),
    layouts: new Map(),
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

/** Cuts parts by node, or by cache: the pieces, those nowhere included. */
export function cutBy(parts: readonly Part[], { ofCpu, ofCore }: Division): Part[][] {
  const pieces = new Map<number, Part[]>();
  const add = (place: number, part: Part) => {
    const known = pieces.get(place);
    if (known === undefined) pieces.set(place, [part]);
    else known.push(part);
  };
  for (const part of parts) {
    const { coreIndex, cpus } = part;
    const place = ofCore[coreIndex] ?? NOWHERE;
    if (place !== SEVERAL) add(place, part);
    else {
      for (const each of new Set(cpus.map((cpu) => valueAt(ofCpu, cpu)))) {
        add(each, { coreIndex, cpus: cpus.filter((cpu) => ofCpu[cpu] === each) });
      }
    }
  }
  return [...pieces.values()];
}

/** What an array by CPU id, or by place, says. */
export function valueAt(values: Int32Array | Uint8Array, index: number | undefined): number {
  return values[index ?? NOWHERE] ?? NOWHERE;
}

function countBy(cpus: readonly number[], { count, ofCpu }: Division): Int32Array {
  const counts = new Int32Array(count);
  for (const cpu of cpus) {
    const place = valueAt(ofCpu, cpu);
    if (place !== NOWHERE) counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}
