/**
 * Where a CPU belongs: every CPU has exactly one home, a NUMA node or {@link NO_NODE}, also
 * while it is offline and the kernel no longer says.
 */

import { type CpuSet, cpusOf, isEmpty, NO_CPUS, subtractCpus, uniteCpus } from './cpu-set.js';
import type { MachineFacts } from './machine.js';

/** The home of CPUs that sit in no NUMA node. */
export const NO_NODE = -1;

/** Node id (or {@link NO_NODE}) → the CPUs at home there. No CPU is in two of them. */
export type Homes = ReadonlyMap<number, CpuSet>;

/**
 * Gives every known CPU its home. What the kernel lists now comes first, in the lowest node that
 * names the CPU (some firmware lists a CPU in every node); then what was known before; what is
 * left is at home in {@link NO_NODE}.
 *
 * @param known homes from an earlier scan or from the stored state, the latest first; a node that
 * vanished keeps its CPUs, so that what is claimed there can be released there
 * @param claimedCpus CPUs that must have a home although the kernel may not know them any more
 */
export function resolveHomes(
  facts: MachineFacts,
  known: Iterable<readonly [number, CpuSet]>,
  claimedCpus: CpuSet,
): Homes {
  const homes = new Map<number, CpuSet>();
  let settled = NO_CPUS;
  const settle = (nodeId: number, cpus: CpuSet) => {
    const unsettled = subtractCpus(cpus, settled);
    if (isEmpty(unsettled)) return;
    homes.set(nodeId, uniteCpus(homes.get(nodeId) ?? NO_CPUS, unsettled));
    settled = uniteCpus(settled, unsettled);
  };
  for (const node of facts.nodes) settle(node.nodeId, node.listedCpus);
  // Of a free CPU that is online the kernel says where it is, even if that is nowhere.
  const placedByKernel = subtractCpus(facts.onlineCpus, claimedCpus);
  for (const [nodeId, cpus] of known) {
    if (nodeId !== NO_NODE) settle(nodeId, subtractCpus(cpus, placedByKernel));
  }
  settle(NO_NODE, uniteCpus(facts.onlineCpus, claimedCpus));
  return homes;
}

const homesByCpu = new WeakMap<Homes, ReadonlyMap<number, number>>();

/** CPU → its home. Found once for the same homes. */
export function homeOfCpus(homes: Homes): ReadonlyMap<number, number> {
  let homeOf = homesByCpu.get(homes);
  if (homeOf === undefined) {
    homeOf = new Map([...homes].flatMap(([id, cpus]) => cpusOf(cpus).map((cpu) => [cpu, id])));
    homesByCpu.set(homes, homeOf);
  }
  return homeOf;
}
