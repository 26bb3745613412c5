/** What became of a change, in one line. */

import { parseCpuList } from '../core/cpu-list.js';
import { countCpus } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import type { ClaimReply, Replies } from '../protocol/reply.js';
import { counted } from '../words/counted.js';
import { formatPageSize } from '../words/sizes.js';

/** Such as `dpdk holds 8 CPUs of NUMA node 1: 8-11,24-27`. */
export function changeWords(reply: ClaimReply): string {
  if ('hugepages_requested' in reply) return recordWords(reply);
  if ('numa_node' in reply) return nodeWords(reply);
  return shareWords(reply);
}

/** What a service holds, wherever it is. */
export function shareWords(reply: Replies['allocate_cores' | 'allocate_cores_percent']): string {
  const service = visible(reply.service_name);
  const cpuCount = 'cores_allocated' in reply ? reply.cores_allocated : reply.cores_allocated_count;
  if (cpuCount === 0) return `${service} holds no CPUs any more`;
  return `${service} holds ${counted(cpuCount, 'CPU')} of the ${reply.pool} pool: ${reply.allocated_cores}`;
}

/** What a service holds in one node. */
export function nodeWords(reply: Replies['allocate_numa_cores']): string {
  const service = visible(reply.service_name);
  const where = `of NUMA node ${reply.numa_node}`;
  const cpuCount = countCpus(parseCpuList(reply.cores_allocated));
  if (cpuCount === 0) return `${service} holds no CPUs ${where} any more`;
  return `${service} holds ${counted(cpuCount, 'CPU')} ${where}: ${reply.cores_allocated}`;
}

/** What is on record for a service. */
export function recordWords({
  service_name,
  hugepages_requested: pages,
  node_id,
  size_kb,
}: Replies['allocate_hugepages']): string {
  const where = `of ${formatPageSize(size_kb)} on NUMA node ${node_id}`;
  return pages === -1
    ? `no hugepages ${where} are on record for ${visible(service_name)} any more`
    : `${visible(service_name)}: ${counted(pages, 'hugepage')} ${where} on record`;
}

/** Who lost CPUs: a line each. */
export function lossWords(preempted: ClaimReply['preempted'] = []): string[] {
  return preempted.map((lost) => `taken by force from ${visible(lost.service_name)}: ${lost.cpus}`);
}
