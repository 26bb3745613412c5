/** What came of a placement, as its reply says it. */

import type { Placement } from '../../protocol/placement.js';
import type { Placed } from '../../protocol/reply.js';
import { type CpuSet, cpusOf, hasCpu } from '../cpu-set.js';
import { NO_NODE } from '../homes.js';
import type { Pool } from '../pools.js';
import type { View } from '../view.js';
import { type Division, geometryOf, NOWHERE } from './geometry.js';
import { valueAt } from './ground.js';

/** The `placement` of a reply: where the granted CPUs are; nothing where none was asked for. */
export function placedFacts(
  { facts, homes }: View,
  pool: Pool,
  placement: Placement | null,
  granted: CpuSet,
): { readonly placement?: Placed } {
  if (placement === null) return {};
  const { cores, caches } = facts;
  const geometry = geometryOf(pool.eligibleCpus, { cores, caches, homes });
  const cpus = cpusOf(granted);
  const placesIn = ({ ofCpu }: Division) => new Set(cpus.map((cpu) => valueAt(ofCpu, cpu)));
  const coreIndexes = new Set(cpus.map((cpu) => valueAt(geometry.coreOf, cpu)));
  const wholes = [...coreIndexes].filter((coreIndex) =>
    geometry.wholes[coreIndex]?.cpus.every((cpu) => hasCpu(granted, cpu)),
  );
  const ofCache = placesIn(geometry.caches);
  return {
    placement: {
      numa_nodes: [...placesIn(geometry.nodes)]
        .map((place) => geometry.nodeIds[place] ?? NO_NODE)
        .filter((nodeId) => nodeId !== NO_NODE)
        .sort((a, b) => a - b),
      last_level_caches: ofCache.has(NOWHERE) ? null : ofCache.size,
      whole_cores: wholes.length,
      split_cores: coreIndexes.size - wholes.length,
    },
  };
}
