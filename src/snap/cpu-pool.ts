/**
 * Whether the CPUs of a general pool can be handed out on this machine, and whether those who hold
 * CPUs of it may keep them.
 */

import { formatCpuList } from '../core/cpu-list.js';
import {
  type CpuSet,
  countCpus,
  intersectCpus,
  isEmpty,
  isSubset,
  NO_CPUS,
  subtractCpus,
} from '../core/cpu-set.js';
import type { Holdings } from '../core/holdings.js';
import { visible } from '../core/quoting.js';

/** What a pool must fit. */
export interface PoolGround {
  /** CPUs of the machine, offline ones included. */
  readonly presentCpus: CpuSet;
  readonly isolatedCpus: CpuSet;
  readonly holdings: Holdings;
}

/**
 * Why a general pool of those CPUs does not fit, and what would; `null` = it does.
 *
 * @param cpus `null` = there is to be no general pool
 */
export function faultOfPool(cpus: CpuSet | null, ground: PoolGround): string | null {
  const { presentCpus, isolatedCpus, holdings } = ground;
  const pool = cpus ?? NO_CPUS;
  const missing = subtractCpus(pool, presentCpus);
  if (!isEmpty(missing)) {
    const verb = countCpus(missing) === 1 ? 'does' : 'do';
    return `${named(missing)} ${verb} not exist on this machine, which has ${named(presentCpus)}`;
  }
  const isolated = intersectCpus(pool, isolatedCpus);
  if (!isEmpty(isolated)) {
    const verb = countCpus(isolated) === 1 ? 'is' : 'are';
    return (
      `${named(isolated)} ${verb} isolated, and in the isolated pool already; ` +
      'leave the isolated CPUs out'
    );
  }
  for (const [serviceName, claim] of holdings.claims) {
    if (claim.pool !== 'general' || isSubset(claim.cpus, pool)) continue;
    const left = subtractCpus(claim.cpus, pool);
    return (
      `it leaves out ${named(left)}, which ${visible(serviceName)} holds; release them first ` +
      '(epa-orchestrator list --pool general), or keep them in the list'
    );
  }
  return null;
}

/** `CPU 3`, `CPUs 0-3,8`. */
function named(cpus: CpuSet): string {
  return `CPU${countCpus(cpus) === 1 ? '' : 's'} ${formatCpuList(cpus)}`;
}
