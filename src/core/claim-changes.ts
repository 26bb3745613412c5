/** From a new claim to the changes it makes and the numbers every CPU reply carries. */

import { PROTOCOL_VERSION } from '../protocol/request.js';
import type { Policy, PoolName } from '../protocol/wire-fields.js';
import { type CpuSet, countCpus, isEmpty, sameCpus, subtractCpus } from './cpu-set.js';
import type { Claim, ClaimChange, Holdings } from './holdings.js';
import type { Pool } from './pools.js';
import type { Applicant } from './standing.js';

/** A claim, or `undefined` when there is no CPU in it. */
export function claimOf(
  pool: PoolName,
  policy: Policy,
  cpus: CpuSet,
  explicitCpus: CpuSet,
): Claim | undefined {
  return isEmpty(cpus) ? undefined : { pool, policy, cpus, explicitCpus };
}

/** The changes that really change something: a repeated request has none. */
export function realChanges(
  holdings: Holdings,
  changes: readonly ClaimChange[],
): readonly ClaimChange[] {
  return changes.filter(
    ({ serviceName, claim }) => !sameClaim(holdings.claims.get(serviceName), claim),
  );
}

/** CPUs of the pool that can be handed out and that nobody holds. */
export function freeCpus(pool: Pool, holdings: Holdings): CpuSet {
  return subtractCpus(pool.eligibleCpus, holdings.claimedCpus);
}

/** A CPU reply: what `specific` says, between the fields that all of them share. */
export function cpuReply<Specific extends object>(
  applicant: Applicant,
  pool: Pool,
  after: Holdings,
  specific: Specific,
) {
  return {
    version: PROTOCOL_VERSION,
    service_name: applicant.serviceName,
    ...specific,
    total_available_cpus: countCpus(pool.eligibleCpus),
    remaining_available_cpus: countCpus(freeCpus(pool, after)),
    pool: pool.name,
    preemption_policy: after.claims.get(applicant.serviceName)?.policy ?? null,
  } as const;
}

function sameClaim(a: Claim | undefined, b: Claim | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.pool === b.pool &&
    a.policy === b.policy &&
    sameCpus(a.cpus, b.cpus) &&
    sameCpus(a.explicitCpus, b.explicitCpus)
  );
}
