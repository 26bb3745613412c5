/**
 * The two pools: which CPUs are configured for each, and which of them can be handed out now.
 */

import type { PoolName } from '../protocol/wire-fields.js';
import { formatCpuList, parseCpuList } from './cpu-list.js';
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

/** The operator's CPU lists, for the pools that the kernel does not tell of. */
export interface PoolLists {
  /** `null` = there is no such pool on this host. */
  readonly general: CpuSet | null;
}

/**
 * Reads what the operator says of pools: the general pool's CPU list, or nothing for no such pool.
 *
 * @throws CpuListError when the list is none
 */
export function parsePoolLists(text: string): PoolLists {
  return { general: text.trim() === '' ? null : parseCpuList(text) };
}

/**
 * The pools of a machine. A general list that names isolated CPUs closes the general pool and
 * leaves the isolated one as it is.
 */
export function resolvePools(facts: MachineFacts, lists: PoolLists): Pools {
  const generalCpus = lists.general;
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
