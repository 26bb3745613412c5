/**
 * Where the CPUs of a pool lie: the core, node and last-level cache of each. It changes only with the
 * machine, so it is worked out once for a picture of it.
 */

import { laidOut, NOWHERE } from '../choose-cpus.js';
import { type CpuSet, cpusOf, NO_CPUS } from '../cpu-set.js';
import { type Homes, NO_NODE } from '../homes.js';
import type { MachineFacts } from '../machine.js';

/** What of a machine says where CPUs lie. */
export interface Site {
  readonly cores: MachineFacts['cores'];
  readonly caches: MachineFacts['caches'];
  readonly homes: Homes;
}

/** Those CPUs of a core that are meant. */
export interface Part {
  /** The place of the core in {@link Geometry.wholes}. */
  readonly coreIndex: number;
  /** Ascending. */
  readonly cpus: readonly number[];
}

/** One way to divide CPUs: by node, or by cache. Places are counted from 0; -1 = in none. */
export interface Division {
  readonly count: number;
  /** CPU → its place. */
  readonly ofCpu: Int32Array;
  /** Core → the place of all its CPUs, or {@link SEVERAL}. */
  readonly ofCore: Int32Array;
}

/** A core of which some CPUs are elsewhere than the others. */
export const SEVERAL = -2;

export { NOWHERE };

/** Where the eligible CPUs lie. */
export interface Geometry {
  /** The eligible siblings of each core that has any, ascending by the lowest of them. */
  readonly wholes: readonly Part[];
  /** CPU → the place of its core. */
  readonly coreOf: Int32Array;
  /** CPUs without a node are together, as if in one. */
  readonly nodes: Division;
  readonly caches: Division;
  /** The id of each node, by its place. */
  readonly nodeIds: readonly number[];
  /** All cores are as wide as each other, and each is in one node and at one cache. */
  readonly isRegular: boolean;
}

const known = new WeakMap<CpuSet, { readonly site: Site; readonly geometry: Geometry }>();

/** The geometry of eligible CPUs. The same sets give the same object. */
export function geometryOf(eligibleCpus: CpuSet, site: Site): Geometry {
  const before = known.get(eligibleCpus);
  if (
    before?.site.cores === site.cores &&
    before.site.caches === site.caches &&
    before.site.homes === site.homes
  ) {
    return before.geometry;
  }
  const geometry = workOut(eligibleCpus, site);
  known.set(eligibleCpus, { site, geometry });
  return geometry;
}

function workOut(eligibleCpus: CpuSet, { cores, caches, homes }: Site): Geometry {
  const length = eligibleCpus.length * 32;
  const layout = laidOut(cores, eligibleCpus);
  const { coreOf } = layout;
  const wholes = layout.cores.map((cpus, coreIndex): Part => ({ coreIndex, cpus }));
  // Without a node is as good as a node of its own: the machine may have none at all.
  const nodeIds = [...new Set([NO_NODE, ...homes.keys()])].sort((a, b) => a - b);
  const nodes = nodeIds.map((nodeId) => cpusOf(homes.get(nodeId) ?? NO_CPUS));
  const byNode = divisionOf(wholes, nodes, length, 0);
  const byCache = divisionOf(wholes, caches, length, NOWHERE);
  const isRegular =
    wholes.every(({ cpus }) => cpus.length === wholes[0]?.cpus.length) &&
    !byNode.ofCore.includes(SEVERAL) &&
    !byCache.ofCore.includes(SEVERAL);
  return { wholes, coreOf, nodes: byNode, caches: byCache, nodeIds, isRegular };
}

function divisionOf(
  wholes: readonly Part[],
  groups: readonly (readonly number[])[],
  length: number,
  otherwise: number,
): Division {
  const ofCpu = new Int32Array(length).fill(otherwise);
  groups.forEach((cpus, place) => {
    for (const cpu of cpus) if (cpu < length) ofCpu[cpu] = place;
  });
  const ofCore = Int32Array.from(wholes, ({ cpus }) => {
    const place = ofCpu[cpus[0] ?? 0] ?? otherwise;
    return cpus.every((cpu) => ofCpu[cpu] === place) ? place : SEVERAL;
  });
  return { count: groups.length, ofCpu, ofCore };
}
