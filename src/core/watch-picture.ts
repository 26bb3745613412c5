/** What one who watches keeps: the picture, brought up to date line by line. Pure. */

import type { WatchEvent, WatchPicture } from '../protocol/watch-event.js';
import { formatCpuList, parseCpuList } from './cpu-list.js';
import { subtractCpus, uniteCpus } from './cpu-set.js';
import { compareNames } from './names.js';

/** The picture after a line. */
export function pictureAfter(picture: WatchPicture, line: WatchEvent): WatchPicture {
  switch (line.type) {
    case 'claimed':
    case 'released':
    case 'claim_changed':
    case 'preempted': {
      const others = picture.allocations.filter(
        ({ service_name }) => service_name !== line.service_name,
      );
      const all = line.allocation === null ? others : [...others, line.allocation];
      const allocations = all.sort((a, b) => compareNames(a.service_name, b.service_name));
      return { ...picture, allocations };
    }
    case 'hugepages_recorded': {
      const { service_name, node_id, size_kb, count } = line;
      const record = { service_name, node_id, size_kb, count };
      const keyOf = (one: typeof record) => `${one.node_id} ${one.size_kb} ${one.service_name}`;
      const others = picture.hugepage_records.filter((one) => keyOf(one) !== keyOf(record));
      return { ...picture, hugepage_records: count === 0 ? others : [...others, record] };
    }
    case 'cpus_online':
    case 'cpus_offline': {
      const change = line.type === 'cpus_online' ? uniteCpus : subtractCpus;
      const online = change(parseCpuList(picture.online_cpus), parseCpuList(line.cpus));
      return { ...picture, online_cpus: formatCpuList(online) };
    }
    case 'pool_changed': {
      const { configured_cpus, eligible_cpus } = line;
      const pools = { ...picture.pools, [line.pool]: { configured_cpus, eligible_cpus } };
      return { ...picture, pools };
    }
    case 'node_added':
    case 'node_changed': {
      const others = picture.nodes.filter(({ node_id }) => node_id !== line.node.node_id);
      return { ...picture, nodes: [...others, line.node].sort(byNode) };
    }
    case 'node_removed': {
      const nodes = picture.nodes.filter(({ node_id }) => node_id !== line.node_id);
      return { ...picture, nodes };
    }
    case 'hugepages_changed': {
      const { node_id, size_kb, total, shortfall } = line;
      const others = picture.hugepages.filter(
        (one) => one.node_id !== node_id || one.size_kb !== size_kb,
      );
      const isGone = total === null && shortfall === 0;
      const changed = { node_id, size_kb, total, shortfall };
      return { ...picture, hugepages: isGone ? others : [...others, changed] };
    }
    case 'daemon_changed': {
      const { state, store_problem, sysfs_problem } = line;
      return { ...picture, daemon: { state, store_problem, sysfs_problem } };
    }
  }
}

type NodeId = { readonly node_id: number | null };

/** Ascending; CPUs without a node last, as the first picture has them. */
function byNode(a: NodeId, b: NodeId): number {
  return (a.node_id ?? Number.POSITIVE_INFINITY) - (b.node_id ?? Number.POSITIVE_INFINITY);
}
