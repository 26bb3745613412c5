/** What came of a placement, as its reply says it. */

import type { Placement } from '../../protocol/placement.js';
import type { Placed } from '../../protocol/reply.js';
import { type CpuSet, hasCpu, overlaps } from '../cpu-set.js';
import { NO_NODE } from '../homes.js';
import type { Pool } from '../pools.js';
import type { View } from '../view.js';

/** The `placement` of a reply: where the granted CPUs are; nothing where none was asked for. */
export function placedFacts(
  view: View,
  pool: Pool,
  placement: Placement | null,
  granted: CpuSet,
): { readonly placement?: Placed } {
  if (placement === null) return {};
  const isGranted = (cpu: number) => hasCpu(granted, cpu);
  const touched = view.facts.cores
    .filter((core) => core.some(isGranted))
    .map((core) => core.filter((cpu) => hasCpu(pool.eligibleCpus, cpu)));
  const whole = touched.filter((core) => core.every(isGranted)).length;
  const known = view.facts.caches.map((cache) => cache.filter(isGranted).length);
  const isKnown =
    known.reduce((sum, count) => sum + count, 0) === touched.flat().filter(isGranted).length;
  return {
    placement: {
      numa_nodes: [...view.homes]
        .filter(([nodeId, cpus]) => nodeId !== NO_NODE && overlaps(cpus, granted))
        .map(([nodeId]) => nodeId)
        .sort((a, b) => a - b),
      last_level_caches: isKnown ? known.filter((count) => count > 0).length : null,
      whole_cores: whole,
      split_cores: touched.length - whole,
    },
  };
}
