/**
 * Where a service stands before anything is chosen for it: the checks that all CPU requests
 * share, in the order in which the contract says a client hears of them.
 */

import { type ErrorDetails, isRefusal, type Refusal, refusal } from '../protocol/error-codes.js';
import type { Policy, PoolName } from '../protocol/wire-fields.js';
import { formatCpuList } from './cpu-list.js';
import {
  type CpuSet,
  countCpus,
  intersectCpus,
  isEmpty,
  isSubset,
  NO_CPUS,
  overlaps,
  subtractCpus,
} from './cpu-set.js';
import type { Claim } from './holdings.js';
import { compareNames } from './names.js';
import type { Pool } from './pools.js';
import type { View } from './view.js';

/** What a CPU request says of itself, whatever its action. */
export interface Applicant {
  readonly serviceName: string;
  readonly pool: PoolName;
  readonly policy: Policy | null;
}

/** A service that may go on with its request. */
export interface Standing {
  readonly pool: Pool;
  /** What it holds now; `undefined` = nothing. */
  readonly claim: Claim | undefined;
  /** The CPUs it holds now. */
  readonly ownCpus: CpuSet;
}

/** A standing for a grant: the policy that the service will have is settled too. */
export interface GrantStanding extends Standing {
  readonly policy: Policy;
}

/**
 * The pool of a request, or `POOL_NOT_CONFIGURED`. While general claims are recorded, they can be
 * listed and released without the pool's configuration.
 */
export function findPool(view: View, name: PoolName, isGrant: boolean): Pool | Refusal {
  const pool = view.pools[name];
  if (pool.isConfigured) return pool;
  if (!isGrant && !isEmpty(view.holdings.claimedIn[name])) return pool;
  return refusal(
    'POOL_NOT_CONFIGURED',
    `The ${name} pool is not configured on this host: the operator sets its CPU list`,
    { pool: name },
  );
}

/** The service's own pool must be the one it asks for, a release included: `POOL_CONFLICT`. */
export function findStanding(view: View, applicant: Applicant, pool: Pool): Standing | Refusal {
  const claim = view.holdings.claims.get(applicant.serviceName);
  if (claim !== undefined && claim.pool !== pool.name) {
    return refusal(
      'POOL_CONFLICT',
      `Service ${applicant.serviceName} holds CPUs of the ${claim.pool} pool; ` +
        `it must release them there before it can use the ${pool.name} pool`,
      { service_pool: claim.pool, requested_pool: pool.name },
    );
  }
  return { pool, claim, ownCpus: claim?.cpus ?? NO_CPUS };
}

/** Settles the policy the service will have: inherited, raised, or `POLICY_CONFLICT`. */
export function findGrantStanding(
  view: View,
  applicant: Applicant,
  pool: Pool,
): GrantStanding | Refusal {
  const standing = findStanding(view, applicant, pool);
  if (isRefusal(standing)) return standing;
  const held = standing.claim?.policy;
  if (held === 'non-preemptive' && applicant.policy === 'legacy') {
    return refusal(
      'POLICY_CONFLICT',
      `Service ${applicant.serviceName} is non-preemptive; ` +
        'it must release everything before it can become legacy',
      { service_policy: held, requested_policy: applicant.policy },
    );
  }
  return { policy: policyAfter(standing.claim, applicant), ...standing };
}

/** The policy that a service has after a grant: what it says, or has, or else `legacy`. */
export function policyAfter(claim: Claim | undefined, applicant: Applicant): Policy {
  return applicant.policy ?? claim?.policy ?? 'legacy';
}

/** The pool must have some eligible CPU: `NO_CPUS_AVAILABLE`. */
export function checkCapacity({ pool }: Standing): Refusal | null {
  if (!isEmpty(pool.eligibleCpus)) return null;
  return refusal('NO_CPUS_AVAILABLE', noCapacity(pool), {
    pool: pool.name,
    configured_cpus: formatCpuList(pool.configuredCpus),
  });
}

function noCapacity(pool: Pool): string {
  const configured = formatCpuList(pool.configuredCpus);
  const offline = configured === '' ? '' : ` that are online (configured: ${configured})`;
  // Clients of old look for either of the two halves of the isolated pool's sentence.
  if (pool.name === 'isolated') return `No CPUs available. No Isolated CPUs configured${offline}`;
  if (pool.closedBecause !== null) {
    return `No CPUs available in the general pool: it is closed, because ${pool.closedBecause}`;
  }
  return `No CPUs available in the general pool: no CPU of its list is online (${configured})`;
}

/**
 * Nothing recorded may be lost silently: a pool with claims outside its configured CPUs
 * (`POOL_INCONSISTENT`), and a service with CPUs that are not eligible now (`CPUS_UNAVAILABLE`),
 * get no grant until that is released.
 */
export function checkRecords(view: View, applicant: Applicant, standing: Standing): Refusal | null {
  const { pool, ownCpus } = standing;
  const strays = subtractCpus(view.holdings.claimedIn[pool.name], pool.configuredCpus);
  if (!isEmpty(strays)) {
    const owners = ownersOf(view, strays, pool.name);
    return refusal(
      'POOL_INCONSISTENT',
      `The ${pool.name} pool grants nothing while CPUs ${formatCpuList(strays)} are recorded that ` +
        `are not among its configured CPUs; they are held by ${owners.join(', ')}`,
      { pool: pool.name, cpus: formatCpuList(strays), services: owners },
    );
  }
  if (!isSubset(ownCpus, pool.eligibleCpus)) {
    const gone = formatCpuList(subtractCpus(ownCpus, pool.eligibleCpus));
    return refusal(
      'CPUS_UNAVAILABLE',
      `Service ${applicant.serviceName} holds CPUs ${gone}, which are not available now; ` +
        'it gets no others until they come back or it releases them',
      { cpus: gone },
    );
  }
  return null;
}

/** How many holders an error names; some clients read 4,096 bytes of a reply. */
export const HOLDERS_SHOWN_MAX = 10;

/** `details` of a refusal for lack of CPUs: the numbers, and who holds the rest. */
export function shortageDetails(
  view: View,
  applicant: Applicant,
  shortage: { readonly requested: number; readonly available: number; readonly within: CpuSet },
): ErrorDetails {
  const holders = [...view.holdings.claims]
    .filter(([name]) => name !== applicant.serviceName)
    .map(([name, claim]) => ({
      service_name: name,
      cores_count: countCpus(intersectCpus(shortage.within, claim.cpus)),
      preemption_policy: claim.policy,
    }))
    .filter((holder) => holder.cores_count > 0)
    .sort((a, b) => b.cores_count - a.cores_count || compareNames(a.service_name, b.service_name));
  const hidden = holders.length - HOLDERS_SHOWN_MAX;
  return {
    requested: shortage.requested,
    available: shortage.available,
    held_by: holders.slice(0, HOLDERS_SHOWN_MAX),
    ...(hidden > 0 ? { more_holders: hidden } : {}),
  };
}

function ownersOf(view: View, cpus: CpuSet, pool: PoolName): string[] {
  return [...view.holdings.claims]
    .filter(([, claim]) => claim.pool === pool && overlaps(claim.cpus, cpus))
    .map(([name]) => name)
    .sort(compareNames)
    .slice(0, HOLDERS_SHOWN_MAX);
}
