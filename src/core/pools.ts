/**
 * The two pools: which CPUs are configured for each, and which of them can be handed out now.
 */

import type { PoolName } from '../protocol/request.js';
import { formatCpuList } from './cpu-list.js';
import { type CpuSet, intersectCpus, isEmpty, NO_CPUS, overlaps } from './cpu-set.js';
import type { MachineFacts } from './machine.js';

/** A pool of CPUs at one moment. */
export interface Pool {
  readonly name: PoolName;
  /** Whether anybody configured it; the isolated pool always is, by the kernel. */
  readonly isConfigured: boolean;
  readonly configuredCpus: CpuSet;
  /** Configured, online, and the pool not closed. */
  readonly eligibleCpus: CpuSet;
  /** Why the pool has no capacity although it is configured; `null` when it is not closed. */
  readonly closedBecause: string | null;
}

/** Both pools. */
export type Pools = Readonly<Record<PoolName, Pool>>;

/**
 * The pools of a machine.
 *
 * @param generalCpus the operator's list for the general pool; `null` = not configured. A list
 * that names isolated CPUs closes the general pool and leaves the isolated one as it is.
 */
export function resolvePools(facts: MachineFacts, generalCpus: CpuSet | null): Pools {
  const shared =
    generalCpus !== null && overlaps(generalCpus, facts.isolatedCpus)
      ? intersectCpus(generalCpus, facts.isolatedCpus)
      : NO_CPUS;
  const closedBecause = isEmpty(shared)
    ? null
    : `its CPU list names isolated CPUs: ${formatCpuList(shared)}`;
  return {
    isolated: {
      name: 'isolated',
      isConfigured: true,
      configuredCpus: facts.isolatedCpus,
      eligibleCpus: intersectCpus(facts.isolatedCpus, facts.onlineCpus),
      closedBecause: null,
    },
    general: {
      name: 'general',
      isConfigured: generalCpus !== null,
      configuredCpus: generalCpus ?? NO_CPUS,
      eligibleCpus:
        generalCpus === null || closedBecause !== null
          ? NO_CPUS
          : intersectCpus(generalCpus, facts.onlineCpus),
      closedBecause,
    },
  };
}
