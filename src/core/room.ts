/**
 * What there is, node by node: CPUs of a pool and pages of a size, who holds them, and which of
 * them a service could have. What a refusal for lack of room tells.
 */

import type { AllocateHugepagesRequest, CpuClaimRequest } from '../protocol/claim-request.js';
import type { Policy } from '../protocol/wire-fields.js';
import { freeCpus } from './claim-changes.js';
import { formatCpuList } from './cpu-list.js';
import { countCpus, cpusOf, intersectCpus, isEmpty, NO_CPUS } from './cpu-set.js';
import { takeableCpus } from './decide-numa.js';
import { homeOfCpus, NO_NODE } from './homes.js';
import { compareNames } from './names.js';
import { freePages } from './pages.js';
import { homesInUse } from './slices.js';
import { policyAfter } from './standing.js';
import type { View } from './view.js';

/** A service that holds CPUs of a node. */
export type CpuHolder = {
  readonly service_name: string;
  /** Its CPUs in the node that are eligible. */
  readonly cores_count: number;
  readonly preemption_policy: Policy;
};

/** One node, as a request for CPUs finds it. Of the pool's CPUs there; those held add up to `online`. */
export type NodeRoom = {
  /** `null`: the CPUs that sit in no node. */
  readonly numa_node: number | null;
  readonly configured: number;
  /** Configured, and online. */
  readonly online: number;
  readonly free: number;
  /** Held by the service that asks. */
  readonly own: number;
  /** The CPUs that the request could take from others by force, as a list. */
  readonly takeable_cpus: string;
  /** The others, those who hold most first. */
  readonly held_by: readonly CpuHolder[];
};

/** A service that has pages on record. */
export type PageHolder = {
  readonly service_name: string;
  readonly pages: number;
};

/** One node, as a request for hugepages of a size finds it. */
export type NodePageRoom = {
  readonly node_id: number;
  /** What the kernel has. */
  readonly total: number;
  /** What can still be recorded. */
  readonly free: number;
  /** On record for the service that asks. */
  readonly own: number;
  readonly held_by: readonly PageHolder[];
};

/** Every node in which the pool has CPUs, and the one that is asked for; ascending. */
export function cpuRoom(view: View, request: CpuClaimRequest): NodeRoom[] {
  const { homes, holdings } = view;
  const pool = view.pools[request.pool];
  const claim = holdings.claims.get(request.serviceName);
  const ownCpus = claim?.cpus ?? NO_CPUS;
  const asked = 'nodeId' in request ? request.nodeId : null;
  const takeable =
    asked === null
      ? NO_CPUS
      : takeableCpus(
          view,
          { pool, policy: policyAfter(claim, request), ownCpus },
          pool.eligibleCpus,
        );
  const free = freeCpus(pool, holdings);
  const holders = holdersByNode(view, request);
  const rooms: NodeRoom[] = [];
  for (const nodeId of homesInUse(view)) {
    const homeCpus = homes.get(nodeId) ?? NO_CPUS;
    const configured = intersectCpus(pool.configuredCpus, homeCpus);
    if (isEmpty(configured) && nodeId !== asked) continue;
    const online = intersectCpus(pool.eligibleCpus, homeCpus);
    rooms.push({
      numa_node: nodeId === NO_NODE ? null : nodeId,
      configured: countCpus(configured),
      online: countCpus(online),
      free: countCpus(intersectCpus(free, online)),
      own: countCpus(intersectCpus(ownCpus, online)),
      takeable_cpus: formatCpuList(intersectCpus(takeable, online)),
      held_by: holders.get(nodeId) ?? [],
    });
  }
  return rooms;
}

/** Node → who else holds eligible CPUs of the pool there. Every claim is looked at once. */
function holdersByNode(view: View, request: CpuClaimRequest): Map<number, CpuHolder[]> {
  const { eligibleCpus } = view.pools[request.pool];
  const nodeOfCpu = homeOfCpus(view.homes);
  const holders = new Map<number, CpuHolder[]>();
  for (const [service_name, { cpus, policy }] of view.holdings.claims) {
    if (service_name === request.serviceName) continue;
    const counts = new Map<number, number>();
    for (const cpu of cpusOf(intersectCpus(cpus, eligibleCpus))) {
      const nodeId = nodeOfCpu.get(cpu) ?? NO_NODE;
      counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    }
    for (const [nodeId, cores_count] of counts) {
      const inNode = holders.get(nodeId) ?? [];
      inNode.push({ service_name, cores_count, preemption_policy: policy });
      holders.set(nodeId, inNode);
    }
  }
  for (const inNode of holders.values()) {
    inNode.sort(
      (a, b) => b.cores_count - a.cores_count || compareNames(a.service_name, b.service_name),
    );
  }
  return holders;
}

/** Every node that has pages of the size; ascending. */
export function pageRoom(view: View, request: AllocateHugepagesRequest): NodePageRoom[] {
  const { serviceName, sizeKb } = request;
  return view.facts.nodes.flatMap(({ nodeId, pages }) => {
    const counters = pages.find((size) => size.sizeKb === sizeKb);
    if (counters === undefined) return [];
    const records = view.holdings.pagesOf(nodeId);
    return {
      node_id: nodeId,
      total: counters.total,
      free: freePages(counters, records),
      own: records.get(serviceName)?.get(sizeKb) ?? 0,
      held_by: pageHolders(view, request, nodeId),
    };
  });
}

/** Who else has pages of the size on record in a node, those who have most first. */
export function pageHolders(
  view: View,
  { serviceName, sizeKb }: Pick<AllocateHugepagesRequest, 'serviceName' | 'sizeKb'>,
  nodeId: number,
): PageHolder[] {
  return [...view.holdings.pagesOf(nodeId)]
    .filter(([name, sizes]) => name !== serviceName && sizes.has(sizeKb))
    .map(([name, sizes]) => ({ service_name: name, pages: sizes.get(sizeKb) ?? 0 }))
    .sort((a, b) => b.pages - a.pages || compareNames(a.service_name, b.service_name));
}
