/**
 * `allocate_cores` and `allocate_cores_percent`: what a service holds is replaced as a whole, by
 * CPUs that nobody else holds, wherever they sit.
 */

import type {
  AllocateCoresPercentRequest,
  AllocateCoresRequest,
} from '../protocol/claim-request.js';
import { isRefusal, type Refusal, refusal } from '../protocol/error-codes.js';
import type { ClaimReply } from '../protocol/reply.js';
import { claimOf, cpuReply, realChanges } from './claim-changes.js';
import { formatCpuList } from './cpu-list.js';
import { type CpuSet, countCpus, NO_CPUS, subtractCpus } from './cpu-set.js';
import type { ClaimChange, Holdings } from './holdings.js';
import { placedFacts } from './placement/placed.js';
import type { Room } from './placement/room.js';
import { choose, findSpot, noRoom, roomOf } from './placement/spot.js';
import type { Decision } from './plan.js';
import type { Pool } from './pools.js';
import { defaultShare } from './size-heuristic.js';
import {
  type Applicant,
  checkCapacity,
  checkRecords,
  findGrantStanding,
  findPool,
  findStanding,
  shortageDetails,
} from './standing.js';
import type { View } from './view.js';

/** Decides `allocate_cores`. */
export function decideCores(view: View, request: AllocateCoresRequest): Decision<ClaimReply> {
  const outcome =
    request.cpuCount === -1
      ? releaseAll(view, request)
      : grant(view, request, ({ room }) => ({
          cpuCount:
            request.cpuCount === 0
              ? room.atMost(defaultShare(room.largest, view.sizeHeuristic))
              : request.cpuCount,
          asked: request.cpuCount === 0 ? 'the default share' : `${request.cpuCount}`,
        }));
  if (isRefusal(outcome)) return outcome;
  const { pool, grantedCpus, candidateCpus, changes, holdings, placed } = outcome;
  return {
    reply: cpuReply(request, pool, holdings, {
      num_of_cores: Math.max(request.cpuCount, 0),
      cores_allocated: countCpus(grantedCpus),
      allocated_cores: formatCpuList(grantedCpus),
      shared_cpus: formatCpuList(subtractCpus(candidateCpus, grantedCpus)),
      ...placed,
    }),
    claimChanges: changes,
    pageChanges: [],
    holdings,
  };
}

/** Decides `allocate_cores_percent`: a share of the whole pool, not of what is free. */
export function decideCoresPercent(
  view: View,
  request: AllocateCoresPercentRequest,
): Decision<ClaimReply> {
  const outcome =
    request.percent <= 0
      ? releaseAll(view, request)
      : grant(view, request, ({ eligible }) => {
          const cpuCount = Math.ceil((eligible * request.percent) / 100);
          return { cpuCount, asked: `${cpuCount}` };
        });
  if (isRefusal(outcome)) return outcome;
  const { pool, grantedCpus, changes, holdings, placed } = outcome;
  return {
    reply: cpuReply(request, pool, holdings, {
      cores_allocated_count: countCpus(grantedCpus),
      allocated_cores: formatCpuList(grantedCpus),
      ...placed,
    }),
    claimChanges: changes,
    pageChanges: [],
    holdings,
  };
}

interface Outcome {
  readonly pool: Pool;
  readonly grantedCpus: CpuSet;
  /** Eligible CPUs that no other service holds. */
  readonly candidateCpus: CpuSet;
  readonly changes: readonly ClaimChange[];
  readonly holdings: Holdings;
  readonly placed: ReturnType<typeof placedFacts>;
}

/** What a request's size follows from. */
interface Counts {
  readonly eligible: number;
  /** How many CPUs the service could have where it wants them. */
  readonly room: Room;
}

function grant(
  view: View,
  request: AllocateCoresRequest | AllocateCoresPercentRequest,
  sizeOf: (counts: Counts) => { readonly cpuCount: number; readonly asked: string },
): Outcome | Refusal {
  const pool = findPool(view, request.pool, true);
  if (isRefusal(pool)) return pool;
  const spot = findSpot(view, request.placement, pool, null);
  if (spot !== null && isRefusal(spot)) return spot;
  const standing = findGrantStanding(view, request, pool);
  if (isRefusal(standing)) return standing;
  const obstacle = checkCapacity(standing) ?? checkRecords(view, request, standing);
  if (obstacle !== null) return obstacle;

  const candidateCpus = candidatesOf(view, pool, standing.ownCpus);
  const available = countCpus(candidateCpus);
  const eligible = countCpus(pool.eligibleCpus);
  const offer = {
    ownCpus: standing.ownCpus,
    freeCpus: subtractCpus(candidateCpus, standing.ownCpus),
    takeableCpus: NO_CPUS,
    cores: view.facts.cores,
    eligibleCpus: pool.eligibleCpus,
  };
  const room = roomOf(spot, offer);
  const { cpuCount, asked } = sizeOf({ eligible, room });
  const shortage = { asked, requested: cpuCount, available, within: pool.eligibleCpus };
  if (cpuCount > available || (cpuCount === 0 && spot === null)) {
    const why =
      cpuCount === 0
        ? ` (${view.sizeHeuristic.smallMachinePercent} % of them is less than one CPU)`
        : '';
    return refusal(
      'INSUFFICIENT_CPUS',
      `Insufficient CPUs available. Requested: ${asked}, Available: ${available}${why}`,
      shortageDetails(view, request, shortage),
    );
  }
  if (!room.has(cpuCount)) return noRoom(view, request, spot, room, shortage);
  const grantedCpus = choose(spot, offer, cpuCount);
  return outcomeOf(view, pool, {
    grantedCpus,
    candidateCpus,
    placed: placedFacts(view, pool, request.placement, grantedCpus),
    change: {
      serviceName: request.serviceName,
      claim: claimOf(pool.name, standing.policy, grantedCpus, NO_CPUS),
    },
  });
}

function releaseAll(view: View, request: Applicant): Outcome | Refusal {
  const pool = findPool(view, request.pool, false);
  if (isRefusal(pool)) return pool;
  const standing = findStanding(view, request, pool);
  if (isRefusal(standing)) return standing;
  return outcomeOf(view, pool, {
    grantedCpus: NO_CPUS,
    candidateCpus: candidatesOf(view, pool, standing.ownCpus),
    placed: {},
    change: { serviceName: request.serviceName, claim: undefined },
  });
}

function outcomeOf(
  view: View,
  pool: Pool,
  granted: {
    readonly grantedCpus: CpuSet;
    readonly candidateCpus: CpuSet;
    readonly placed: Outcome['placed'];
    readonly change: ClaimChange;
  },
): Outcome {
  const changes = realChanges(view.holdings, [granted.change]);
  return { pool, changes, holdings: view.holdings.withClaims(changes), ...granted };
}

/** Eligible CPUs of the pool that nobody but the service itself holds. */
function candidatesOf(view: View, pool: Pool, ownCpus: CpuSet): CpuSet {
  const othersCpus = subtractCpus(view.holdings.claimedCpus, ownCpus);
  return subtractCpus(pool.eligibleCpus, othersCpus);
}
