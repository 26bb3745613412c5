/**
 * What is known of the machine: the facts that a scan of sysfs finds. Plain data, so that it
 * crosses from the worker thread as it is; never changed after it is made.
 */

import type { CpuSet } from './cpu-set.js';

/** Hugepages of one size on one NUMA node, as the kernel counts them. */
export interface PageCounters {
  readonly sizeKb: number;
  /** `nr_hugepages`: all pages of the pool, surplus pages included. */
  readonly total: number;
  /** `free_hugepages`: pages that nobody has touched yet. */
  readonly free: number;
  /** `surplus_hugepages`: pages above the configured pool, which vanish when they are freed. */
  readonly surplus: number;
}

/**
 * How far it is from a node to each that was there when it was read. Two lists and no objects: on the
 * largest machine there are a million distances.
 */
export interface Distances {
  /** Often one list for all nodes. */
  readonly nodeIds: readonly number[];
  /** To each of {@link nodeIds}, in the kernel's units (10 = local). */
  readonly columns: readonly number[];
}

/** Nobody knows. */
export const NO_DISTANCES: Distances = { nodeIds: [], columns: [] };

/** One NUMA node that the kernel shows. */
export interface NodeFacts {
  readonly nodeId: number;
  /** What the node's own list names. May name CPUs that are offline, absent or another node's. */
  readonly listedCpus: CpuSet;
  /** Ascending by size; empty on a node without hugepage support. */
  readonly pages: readonly PageCounters[];
  readonly distances: Distances;
  /** `MemTotal` of the node, or `null` where the kernel does not say. */
  readonly memoryTotalKb: number | null;
}

/** The whole machine at one moment. */
export interface MachineFacts {
  readonly onlineCpus: CpuSet;
  /** `/sys/devices/system/cpu/isolated`; may name CPUs that are offline. */
  readonly isolatedCpus: CpuSet;
  /**
   * The thread siblings of each core, online CPUs only: every online CPU is in exactly one core.
   * Ascending within a core; cores ascend by their lowest CPU. Any width, mixed widths too.
   */
  readonly cores: readonly (readonly number[])[];
  /**
   * The CPUs of each last-level cache, online CPUs only: an online CPU is in at most one of them, and
   * in none where the kernel does not say. Ascending within a cache; caches ascend by their lowest CPU.
   */
  readonly caches: readonly (readonly number[])[];
  /** Ascending by `nodeId`; ids may have gaps. Empty on a machine without NUMA. */
  readonly nodes: readonly NodeFacts[];
}

/**
 * The few facts that every request needs fresh: cheap to read, and enough to see whether the
 * rest must be read again.
 */
export interface VitalSigns {
  readonly onlineCpus: CpuSet;
  readonly isolatedCpus: CpuSet;
  /** Ascending. */
  readonly nodeIds: readonly number[];
  /** Counters of the nodes that were asked for; a node that is not there is left out. */
  readonly pages: readonly { readonly nodeId: number; readonly pages: readonly PageCounters[] }[];
  /** Where the PCI devices sit that were asked for. */
  readonly devices: DevicePlaces;
}

/** PCI address, as the kernel writes it → where the device sits. */
export type DevicePlaces = ReadonlyMap<string, DevicePlace>;

/** The NUMA node of a PCI device, or why it has none. */
export type DevicePlace =
  | { readonly nodeId: number }
  | { readonly nodeId: null; readonly reason: string };

/** What {@link VitalSigns} are to hold beside what they always hold. */
export interface Wanted {
  readonly pagesOf: PagesOf;
  /** Addresses of PCI devices, as the kernel writes them. */
  readonly devices: readonly string[];
}

/** The nodes whose page counters {@link VitalSigns} are to hold: none, all, or those named by id. */
export type PagesOf = 'none' | 'all' | readonly number[];

/** Why sysfs could not be read: the file, what was wrong, and the text that did not parse. */
export interface SysfsProblem {
  readonly path: string;
  readonly reason: string;
}
