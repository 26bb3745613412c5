/**
 * `allocate_numa_cores`: an explicit claim in one node, which may take the ordinary claims of
 * unprotected others (forced reallocation).
 */

import type { AllocateNumaCoresRequest } from '../protocol/claim-request.js';
import { type ErrorDetails, isRefusal, type Refusal, refusal } from '../protocol/error-codes.js';
import type { ClaimReply, Preemption } from '../protocol/reply.js';
import { claimOf, cpuReply, freeCpus, realChanges } from './claim-changes.js';
import { formatCpuList } from './cpu-list.js';
import {
  type CpuSet,
  countCpus,
  intersectCpus,
  isEmpty,
  NO_CPUS,
  overlaps,
  subtractCpus,
  uniteCpus,
} from './cpu-set.js';
import { type ClaimChange, claimWithout } from './holdings.js';
import { compareNames } from './names.js';
import { placedFacts } from './placement/placed.js';
import { choose, findSpot, noRoom, roomOf } from './placement/spot.js';
import type { Decision } from './plan.js';
import type { Pool } from './pools.js';
import { shieldedCpus } from './quotas.js';
import {
  checkCapacity,
  checkRecords,
  findGrantStanding,
  findPool,
  findStanding,
  type GrantStanding,
  shortageDetails,
} from './standing.js';
import { findNode, knowsNode, type View } from './view.js';

/** Decides `allocate_numa_cores`. */
export function decideNumaCores(
  view: View,
  request: AllocateNumaCoresRequest,
): Decision<ClaimReply> {
  const isGrant = request.cpuCount > 0;
  const pool = findPool(view, request.pool, isGrant);
  if (isRefusal(pool)) return pool;
  // What is recorded on a node that vanished can still be released there.
  const isThere = findNode(view, request.nodeId) !== undefined;
  if (!isThere && (isGrant || !knowsNode(view, request.nodeId))) {
    return refusal('NUMA_NODE_NOT_FOUND', `NUMA node ${request.nodeId} does not exist`, {
      numa_nodes: view.facts.nodes.map((node) => node.nodeId),
    });
  }
  const homeCpus = view.homes.get(request.nodeId) ?? NO_CPUS;
  return isGrant ? grant(view, request, pool, homeCpus) : release(view, request, pool, homeCpus);
}

function grant(
  view: View,
  request: AllocateNumaCoresRequest,
  pool: Pool,
  homeCpus: CpuSet,
): Decision<ClaimReply> {
  const spot = findSpot(view, request.placement, pool, request.nodeId);
  if (spot !== null && isRefusal(spot)) return spot;
  const standing = findGrantStanding(view, request, pool);
  if (isRefusal(standing)) return standing;
  const nodeCpus = intersectCpus(homeCpus, pool.eligibleCpus);
  const ownCpus = intersectCpus(standing.ownCpus, nodeCpus);
  const free = intersectCpus(freeCpus(pool, view.holdings), nodeCpus);
  const takeable = takeableCpus(view, standing, nodeCpus);
  const available = countCpus(ownCpus) + countCpus(free) + countCpus(takeable);
  const shortage = () => ({
    numa_node: request.nodeId,
    ...shortageDetails(view, request, {
      requested: request.cpuCount,
      available,
      within: subtractCpus(nodeCpus, takeable),
    }),
  });
  const obstacle =
    checkCapacity(standing) ??
    checkNodeCapacity(request, pool, nodeCpus, shortage) ??
    checkRecords(view, request, standing);
  if (obstacle !== null) return obstacle;
  if (available < request.cpuCount) {
    const why =
      standing.policy === 'non-preemptive'
        ? 'the others are held, and a non-preemptive service takes from nobody'
        : 'the others are held by services that cannot be made to give them up';
    return refusal(
      'INSUFFICIENT_CPUS',
      `NUMA node ${request.nodeId} has only ${available} ${pool.name} CPUs for ` +
        `${request.serviceName}, but ${request.cpuCount} were requested; ${why}`,
      shortage(),
    );
  }
  const { eligibleCpus } = pool;
  const offer = {
    ownCpus,
    freeCpus: free,
    takeableCpus: takeable,
    cores: view.facts.cores,
    eligibleCpus,
  };
  const room = roomOf(spot, offer);
  if (!room.has(request.cpuCount)) {
    const within = subtractCpus(nodeCpus, takeable);
    const requested = request.cpuCount;
    const shortage = { asked: `${requested}`, requested, available, within };
    return noRoom(view, request, spot, room, shortage);
  }
  const chosen = choose(spot, offer, request.cpuCount);
  return planGrant(view, request, standing, homeCpus, chosen);
}

/** Writes down who gets what, who loses what, and the reply. */
function planGrant(
  view: View,
  request: AllocateNumaCoresRequest,
  standing: GrantStanding,
  homeCpus: CpuSet,
  chosen: CpuSet,
): Decision<ClaimReply> {
  const { pool, policy, claim } = standing;
  const elsewhere = subtractCpus(standing.ownCpus, homeCpus);
  const explicitElsewhere = subtractCpus(claim?.explicitCpus ?? NO_CPUS, homeCpus);
  const losses = lossesOf(view, request.serviceName, chosen);
  const changes = realChanges(view.holdings, [
    {
      serviceName: request.serviceName,
      claim: claimOf(
        pool.name,
        policy,
        uniteCpus(elsewhere, chosen),
        uniteCpus(explicitElsewhere, chosen),
      ),
    },
    ...losses.map(({ change }) => change),
  ]);
  const holdings = view.holdings.withClaims(changes);
  const preempted = losses.map(({ preemption }) => preemption);
  return {
    reply: cpuReply(request, pool, holdings, {
      numa_node: request.nodeId,
      num_of_cores: request.cpuCount,
      cores_allocated: formatCpuList(chosen),
      ...(preempted.length > 0 ? { preempted } : {}),
      ...placedFacts(view, pool, request.placement, chosen),
    }),
    claimChanges: changes,
    pageChanges: [],
    holdings,
  };
}

function release(
  view: View,
  request: AllocateNumaCoresRequest,
  pool: Pool,
  homeCpus: CpuSet,
): Decision<ClaimReply> {
  const standing = findStanding(view, request, pool);
  if (isRefusal(standing)) return standing;
  const { claim } = standing;
  const left = claim === undefined ? undefined : claimWithout(claim, homeCpus);
  const changes = realChanges(view.holdings, [{ serviceName: request.serviceName, claim: left }]);
  const holdings = view.holdings.withClaims(changes);
  return {
    reply: cpuReply(request, pool, holdings, {
      numa_node: request.nodeId,
      num_of_cores: request.cpuCount,
      cores_allocated: '',
    }),
    claimChanges: changes,
    pageChanges: [],
    holdings,
  };
}

/** The node must have eligible CPUs, and as many as are asked for, whoever holds them. */
function checkNodeCapacity(
  request: AllocateNumaCoresRequest,
  pool: Pool,
  nodeCpus: CpuSet,
  shortage: () => ErrorDetails,
): Refusal | null {
  const count = countCpus(nodeCpus);
  if (count === 0) {
    return refusal(
      'NO_CPUS_AVAILABLE',
      `No ${pool.name} CPUs available in NUMA node ${request.nodeId}`,
      { numa_node: request.nodeId, pool: pool.name },
    );
  }
  if (count >= request.cpuCount) return null;
  return refusal(
    'INSUFFICIENT_CPUS',
    `NUMA node ${request.nodeId} only has ${count} ${pool.name} CPUs, ` +
      `but ${request.cpuCount} were requested`,
    shortage(),
  );
}

/**
 * Those of `within` that may be taken: ordinary claims of unprotected others of the same pool, whom
 * no rule of the policy shields, and only by a legacy requester.
 */
export function takeableCpus(
  view: View,
  standing: Pick<GrantStanding, 'pool' | 'policy' | 'ownCpus'>,
  within: CpuSet,
): CpuSet {
  if (standing.policy === 'non-preemptive') return NO_CPUS;
  const { explicitCpus, protectedCpus } = view.holdings;
  const ordinary = subtractCpus(
    intersectCpus(view.holdings.claimedIn[standing.pool.name], within),
    uniteCpus(explicitCpus, protectedCpus),
  );
  const othersCpus = subtractCpus(ordinary, standing.ownCpus);
  return subtractCpus(othersCpus, shieldedCpus(view, othersCpus));
}

interface Loss {
  readonly change: ClaimChange;
  readonly preemption: Preemption;
}

/** What others lose of their claims when `chosen` is taken, by name. */
function lossesOf(view: View, takerName: string, chosen: CpuSet): Loss[] {
  const losses: Loss[] = [];
  const taken = intersectCpus(chosen, view.holdings.claimedCpus);
  if (isEmpty(taken)) return losses;
  for (const [serviceName, claim] of view.holdings.claims) {
    if (serviceName === takerName || !overlaps(claim.cpus, taken)) continue;
    const cpus = formatCpuList(intersectCpus(claim.cpus, taken));
    losses.push({
      change: { serviceName, claim: claimWithout(claim, taken) },
      preemption: { service_name: serviceName, cpus },
    });
  }
  return losses.sort((a, b) => compareNames(a.change.serviceName, b.change.serviceName));
}
