/**
 * Describes machines that do not exist: how many nodes, cores and threads, and in which order the
 * CPUs are numbered. Plain data; `write-sysfs.ts` makes files of it.
 */

import { type CpuSet, cpuSetOf } from '../core/cpu-set.js';
import type { PageCounters } from '../core/machine.js';

/** Cores of the same width. */
export interface CoreGroup {
  readonly count: number;
  /** Threads (CPUs) of each core: 1 without SMT, 8 on POWER. */
  readonly threads: number;
}

/** One NUMA node. */
export interface NodeShape {
  readonly nodeId: number;
  /** Several groups make a hybrid processor; none, a node that has memory only. */
  readonly cores: readonly CoreGroup[];
  /** How many cores share a last-level cache, lowest first; absent = the kernel tells of no caches. */
  readonly coresPerCache?: number;
  readonly memoryKb: number;
  readonly pages: readonly PageCounters[];
}

/** A device on the PCI bus. */
export interface PciDevice {
  /** As the kernel writes it: `0000:3b:00.0`. */
  readonly address: string;
  /** What its `numa_node` says; -1 = the firmware does not tell. */
  readonly nodeId: number;
}

/** A machine. */
export interface MachineShape {
  readonly nodes: readonly NodeShape[];
  /**
   * How CPUs are numbered. `interleaved`, as on most x86 servers: the first thread of every core
   * of every node, then the second ones (siblings n and n + cores). `contiguous`, as on POWER and
   * hybrid processors: all threads of a core, then those of the next.
   */
  readonly numbering: 'interleaved' | 'contiguous';
  /** `false`: there are no node directories, although `nodes` still tells of the CPUs. */
  readonly numa?: boolean;
  /** CPU list of `cpu/isolated`; none when absent. */
  readonly isolated?: string;
  /** CPU list of those that are present and offline; none when absent. */
  readonly offline?: string;
  /** None when absent. */
  readonly devices?: readonly PciDevice[];
  /**
   * Files by path below `/sys`, with the whole text, in place of or in addition to those that
   * follow from the rest. `null` leaves a file out. For tests of odd and broken machines.
   */
  readonly files?: Readonly<Record<string, string | null>>;
}

/** A core and where it is. */
export interface ShapedCore {
  readonly nodeId: number;
  /** The CPUs of the core, ascending, whether online or not. */
  readonly cpus: readonly number[];
}

/** The cores of a machine, node by node, with their CPUs numbered. */
export function coresOf(shape: MachineShape): ShapedCore[] {
  const slots = shape.nodes.flatMap(({ nodeId, cores }) =>
    cores.flatMap(({ count, threads }) =>
      Array.from({ length: count }, () => ({ nodeId, threads, cpus: [] as number[] })),
    ),
  );
  let next = 0;
  if (shape.numbering === 'contiguous') {
    for (const { threads, cpus } of slots) {
      for (let thread = 0; thread < threads; thread++) cpus.push(next++);
    }
  } else {
    const widest = slots.reduce((most, { threads }) => Math.max(most, threads), 0);
    for (let thread = 0; thread < widest; thread++) {
      for (const { threads, cpus } of slots) if (thread < threads) cpus.push(next++);
    }
  }
  return slots.map(({ nodeId, cpus }) => ({ nodeId, cpus }));
}

/** The CPUs of each last-level cache, ascending, whether online or not. */
export function cachesOf(shape: MachineShape): number[][] {
  const cores = coresOf(shape);
  return shape.nodes.flatMap(({ nodeId, coresPerCache }) => {
    if (coresPerCache === undefined) return [];
    const ofNode = cores.filter((core) => core.nodeId === nodeId);
    const caches: number[][] = [];
    for (let first = 0; first < ofNode.length; first += coresPerCache) {
      const sharing = ofNode.slice(first, first + coresPerCache);
      caches.push(sharing.flatMap(({ cpus }) => cpus).sort((a, b) => a - b));
    }
    return caches;
  });
}

/** All CPUs but those of the first core of each node: what an administrator tends to isolate. */
export function cpusBesideFirstCores(shape: MachineShape): CpuSet {
  const seen = new Set<number>();
  return cpuSetOf(
    coresOf(shape).flatMap(({ nodeId, cpus }) => {
      if (seen.has(nodeId)) return cpus;
      seen.add(nodeId);
      return [];
    }),
  );
}
