/** What one who watches keeps: the picture, brought up to date line by line. Pure. */

import type {
  PageRecordLine,
  PageTotal,
  WatchEvent,
  WatchPicture,
} from '../protocol/watch-event.js';
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
      const others = picture.hugepage_records.filter((one) => byRecord(one, record) !== 0);
      const all = count === 0 ? others : [...others, record];
      return { ...picture, hugepage_records: all.sort(byRecord) };
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
      const changed = { node_id, size_kb, total, shortfall };
      const others = picture.hugepages.filter((one) => bySize(one, changed) !== 0);
      const isGone = total === null && shortfall === 0;
      const all = isGone ? others : [...others, changed];
      return { ...picture, hugepages: all.sort(bySize) };
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

function bySize(a: PageTotal, b: PageTotal): number {
  return a.node_id - b.node_id || a.size_kb - b.size_kb;
}

/** The one order of records: by node, then service, then size. */
export function byRecord(a: PageRecordLine, b: PageRecordLine): number {
  return (
    a.node_id - b.node_id || compareNames(a.service_name, b.service_name) || a.size_kb - b.size_kb
  );
}
