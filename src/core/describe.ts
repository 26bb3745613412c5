/** The three pictures a client can ask for: allocations of a pool, memory, and topology. */

import { isRefusal } from '../protocol/error-codes.js';
import {
  type GetTopologyReply,
  type ListAllocationsReply,
  type ListedAllocation,
  type NodeMemory,
  type PoolCpus,
  SUPPORTED_CPU_FEATURES,
  type TopologyNode,
} from '../protocol/reply.js';
import {
  type GetMemoryInfoRequest,
  type ListAllocationsRequest,
  PROTOCOL_VERSION,
} from '../protocol/request.js';
import type { PageTotal } from '../protocol/watch-event.js';
import type { PoolName } from '../protocol/wire-fields.js';
import { freeCpus } from './claim-changes.js';
import { formatCpuList } from './cpu-list.js';
import {
  countCpus,
  cpuSetOf,
  intersectCpus,
  isEmpty,
  NO_CPUS,
  sameCpus,
  subtractCpus,
} from './cpu-set.js';
import type { Claim, Holdings, PageRecord } from './holdings.js';
import { homeOfCpus, NO_NODE } from './homes.js';
import { NO_DISTANCES, type SysfsProblem } from './machine.js';
import { compareNames } from './names.js';
import { freePages, pageRecordsOf, pageSizesOf } from './pages.js';
import { answer, type Decision } from './plan.js';
import type { Pool } from './pools.js';
import { homesInUse } from './slices.js';
import { findPool } from './standing.js';
import { findNode, knownNodeIds, type View } from './view.js';
import { byRecord } from './watch-picture.js';

/** Lists of the same moment; most clients that list meet no change between them. */
const listedBefore = new WeakMap<Holdings, WeakMap<Pool, ListAllocationsReply>>();

/** Decides `list_allocations`. The reply is the same object as long as nothing in it changes. */
export function decideList(view: View, request: ListAllocationsRequest): Decision {
  const { holdings } = view;
  const pool = findPool(view, request.pool, false);
  if (isRefusal(pool)) return pool;
  const known = listedBefore.get(holdings) ?? new WeakMap<Pool, ListAllocationsReply>();
  const reply = known.get(pool) ?? listPool(view, pool);
  listedBefore.set(holdings, known.set(pool, reply));
  return answer(reply, holdings);
}

function listPool(view: View, pool: Pool): ListAllocationsReply {
  const allocations = listedClaims(view).filter((listed) => listed.pool === pool.name);
  const claimedCpus = view.holdings.claimedIn[pool.name];
  return {
    version: PROTOCOL_VERSION,
    supported_cpu_features: SUPPORTED_CPU_FEATURES,
    pool: pool.name,
    total_allocations: allocations.length,
    total_allocated_cpus: countCpus(claimedCpus),
    total_available_cpus: countCpus(pool.eligibleCpus),
    remaining_available_cpus: countCpus(freeCpus(pool, view.holdings)),
    cpu_pool: {
      source: pool.name === 'isolated' ? 'isolated' : 'configured',
      configured_cpus: formatCpuList(pool.configuredCpus),
      eligible_cpus: formatCpuList(pool.eligibleCpus),
      unavailable_allocated_cpus: formatCpuList(subtractCpus(claimedCpus, pool.eligibleCpus)),
    },
    allocations,
  };
}

/** Decides `get_memory_info`. Nodes that are gone are shown while something is recorded there. */
export function decideMemoryInfo(view: View, request: GetMemoryInfoRequest): Decision {
  const nodeIds = knownNodeIds(view).filter(
    (nodeId) => findNode(view, nodeId) !== undefined || view.holdings.pages.has(nodeId),
  );
  const shortfalls = pageSizesOf(view)
    .filter(({ shortfall }) => shortfall > 0)
    .map(({ nodeId, sizeKb, recorded, total }) => ({
      node_id: nodeId,
      size_kb: sizeKb,
      recorded,
      total: total ?? 0,
    }));
  return answer(
    {
      version: PROTOCOL_VERSION,
      service_name: request.serviceName,
      numa_hugepages: Object.fromEntries(
        nodeIds.map((nodeId) => [`node${nodeId}`, nodeMemory(view, nodeId)]),
      ),
      ...(shortfalls.length > 0 ? { shortfalls } : {}),
    },
    view.holdings,
  );
}

/**
 * Decides `get_topology`.
 *
 * @param problem why what is known of the machine may be old
 */
export function decideTopology(view: View, problem: SysfsProblem | null): Decision {
  const reply: GetTopologyReply = {
    version: PROTOCOL_VERSION,
    ...machinePicture(view),
    sysfs_problem: problem,
  };
  return answer(reply, view.holdings);
}

/** The machine, and who holds what of it. */
export function machinePicture(view: View) {
  return {
    online_cpus: formatCpuList(view.facts.onlineCpus),
    pools: listedPools(view),
    nodes: topologyNodes(view),
    allocations: listedClaims(view),
    hugepages: pageTotals(view),
    hugepage_records: pageRecordsOf(view.holdings).map(listedRecord).sort(byRecord),
  };
}

/** Hugepages of each node and size. */
export function pageTotals(view: View): PageTotal[] {
  return pageSizesOf(view).map(({ nodeId, sizeKb, total, shortfall }) => ({
    node_id: nodeId,
    size_kb: sizeKb,
    total,
    shortfall,
  }));
}

/** Both pools, as replies list them. */
export function listedPools(view: View): Readonly<Record<PoolName, PoolCpus>> {
  return { isolated: poolCpus(view, 'isolated'), general: poolCpus(view, 'general') };
}

/** All nodes, as replies describe them: ascending, and CPUs without a node last. */
export function topologyNodes(view: View): TopologyNode[] {
  const nodeOfCpu = homeOfCpus(view.homes);
  const cores = byNode(nodeOfCpu, view.facts.cores);
  const caches = byNode(nodeOfCpu, view.facts.caches);
  return homesInUse(view).map((nodeId) =>
    topologyNode(view, nodeId, cores.get(nodeId) ?? [], caches.get(nodeId) ?? []),
  );
}

/** Node → its cores (or caches), ascending; a core is where its first CPU is at home. */
function byNode(
  nodeOfCpu: ReadonlyMap<number, number>,
  groups: readonly (readonly number[])[],
): Map<number, (readonly number[])[]> {
  const found = new Map<number, (readonly number[])[]>();
  for (const group of groups) {
    const nodeId = nodeOfCpu.get(group[0] ?? -1) ?? NO_NODE;
    const known = found.get(nodeId);
    if (known === undefined) found.set(nodeId, [group]);
    else known.push(group);
  }
  return found;
}

/** All claims of both pools, by name. */
export function listedClaims(view: View): ListedAllocation[] {
  return [...view.holdings.claims]
    .sort(([a], [b]) => compareNames(a, b))
    .map(([serviceName, claim]) => listedClaim(serviceName, claim));
}

/** A claim as replies list it. */
export function listedClaim(serviceName: string, claim: Claim): ListedAllocation {
  const isExplicit = !isEmpty(claim.explicitCpus);
  const isMixed = isExplicit && !sameCpus(claim.explicitCpus, claim.cpus);
  return {
    pool: claim.pool,
    preemption_policy: claim.policy,
    service_name: serviceName,
    allocated_cores: formatCpuList(claim.cpus),
    cores_count: countCpus(claim.cpus),
    is_explicit: isExplicit,
    ...(isMixed ? { explicit_cores: formatCpuList(claim.explicitCpus) } : {}),
  };
}

/** A record of hugepages as a watch and the state file list it. */
export function listedRecord({ serviceName, nodeId, sizeKb, pageCount }: PageRecord) {
  return { service_name: serviceName, node_id: nodeId, size_kb: sizeKb, count: pageCount };
}

function nodeMemory(view: View, nodeId: number): NodeMemory {
  const records = view.holdings.pagesOf(nodeId);
  const counters = findNode(view, nodeId)?.pages ?? [];
  return {
    capacity: counters.map((size) => ({
      total: size.total,
      free: freePages(size, records),
      size: size.sizeKb,
    })),
    allocations: Object.fromEntries(
      [...records]
        .sort(([a], [b]) => compareNames(a, b))
        .map(([serviceName, sizes]) => [serviceName, Object.fromEntries(sizes)]),
    ),
  };
}

function topologyNode(
  view: View,
  nodeId: number,
  cores: readonly (readonly number[])[],
  caches: readonly (readonly number[])[],
): TopologyNode {
  const lists = (groups: readonly (readonly number[])[]) =>
    groups.map((cpus) => formatCpuList(cpuSetOf(cpus)));
  const facts = findNode(view, nodeId);
  const cpus = view.homes.get(nodeId) ?? NO_CPUS;
  const distances = facts?.distances ?? NO_DISTANCES;
  return {
    node_id: nodeId === NO_NODE ? null : nodeId,
    is_present: facts !== undefined || nodeId === NO_NODE,
    cpus: formatCpuList(cpus),
    online_cpus: formatCpuList(intersectCpus(cpus, view.facts.onlineCpus)),
    cores: lists(cores),
    caches: lists(caches),
    memory_kb: facts?.memoryTotalKb ?? null,
    distances: Object.fromEntries(
      distances.nodeIds.map((other, index) => [`${other}`, distances.columns[index] ?? 0]),
    ),
  };
}

function poolCpus(view: View, name: PoolName): PoolCpus {
  const pool = view.pools[name];
  return {
    configured_cpus: formatCpuList(pool.configuredCpus),
    eligible_cpus: formatCpuList(pool.eligibleCpus),
  };
}
