/** A line of a watch in the words of a person. */

import type { WatchLine } from '../client/watch-lines.js';
import { parseCpuList } from '../core/cpu-list.js';
import { countCpus } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import type { ListedAllocation, TopologyNode } from '../protocol/reply.js';
import { counted } from './counted.js';
import { formatPageSize } from './sizes.js';
import type { Terminal } from './terminal.js';

/** What a line says; what is lost, or troubles, stands out. */
export function wordsOf(line: WatchLine, { paint }: Terminal): string {
  switch (line.type) {
    case 'snapshot':
      if (line.allocations.length === 0) return 'the watch begins; none of them holds a CPU';
      return line.allocations
        .map((allocation) => `${service(allocation)} ${holds(allocation)}`)
        .join('\n          ');
    case 'claimed':
      return `${service(line)} claimed ${cpusOf(line.cpus)}; ${holds(line.allocation)}`;
    case 'released':
      return `${service(line)} released ${cpusOf(line.cpus)}; ${holds(line.allocation)}`;
    case 'claim_changed':
      return `${service(line)} holds the same, otherwise; ${holds(line.allocation)}`;
    case 'preempted':
      return paint(
        'bad',
        `${service(line)} lost ${cpusOf(line.cpus)} to ${visible(line.by)}; ${holds(line.allocation)}`,
      );
    case 'hugepages_recorded':
      return `${service(line)} has ${line.count === 0 ? 'no' : line.count} ${pagesOn(line)} on record`;
    case 'cpus_online':
      return `${cpusOf(line.cpus)} came online`;
    case 'cpus_offline':
      return paint('bad', `${cpusOf(line.cpus)} went offline`);
    case 'pool_changed':
      return `the ${line.pool} pool is ${line.configured_cpus || 'empty'}, of which can be had: ${line.eligible_cpus || 'none'}`;
    case 'node_added':
      return `${nodeName(line.node.node_id)} came: ${nodeWords(line.node)}`;
    case 'node_changed':
      return `${nodeName(line.node.node_id)} changed: ${nodeWords(line.node)}`;
    case 'node_removed':
      return `${nodeName(line.node_id)} is gone, and nothing left on record`;
    case 'hugepages_changed':
      return pageWords(line, paint);
    case 'daemon_changed':
      return daemonWords(line, paint);
    case 'overrun':
      return paint('bad', `the daemon cut this watch off: ${visible(line.reason)}`);
    case 'unknown':
      return `${visible(line.name)} (a newer daemon says; look with --json)`;
  }
}

type Line<T extends WatchLine['type']> = Extract<WatchLine, { readonly type: T }>;

const service = ({ service_name }: { readonly service_name: string }) => visible(service_name);

function cpusOf(list: string): string {
  const count = countCpus(parseCpuList(list));
  return `${counted(count, 'CPU')} (${list})`;
}

function holds(allocation: ListedAllocation | null): string {
  if (allocation === null) return 'holds none now';
  const { allocated_cores, is_explicit, explicit_cores, preemption_policy } = allocation;
  const kind = !is_explicit
    ? 'ordinary'
    : explicit_cores === undefined
      ? 'explicit'
      : `explicit: ${explicit_cores}`;
  return `holds ${cpusOf(allocated_cores)} now, ${kind}, ${preemption_policy}`;
}

function pagesOn({ node_id, size_kb }: { readonly node_id: number; readonly size_kb: number }) {
  return `hugepages of ${formatPageSize(size_kb)} on node ${node_id}`;
}

function pageWords(line: Line<'hugepages_changed'>, paint: Terminal['paint']): string {
  const total = line.total === null ? 'no' : `${line.total}`;
  const words = `there are ${total} ${pagesOn(line)} now`;
  return line.shortfall === 0
    ? words
    : paint('bad', `${words}, ${line.shortfall} fewer than on record`);
}

function daemonWords(line: Line<'daemon_changed'>, paint: Terminal['paint']): string {
  if (line.state === 'stopping') return 'the daemon stops';
  const problems = [
    line.store_problem === null ? '' : `nothing can be stored: ${line.store_problem}`,
    line.sysfs_problem === null
      ? ''
      : `the machine cannot be read: ${line.sysfs_problem.path}: ${line.sysfs_problem.reason}`,
  ].filter((problem) => problem !== '');
  if (problems.length === 0) return paint('good', 'the daemon serves, and nothing is wrong');
  return paint('bad', visible(problems.join('; ')));
}

function nodeName(nodeId: number | null): string {
  return nodeId === null ? 'what sits in no node' : `node ${nodeId}`;
}

function nodeWords({ cpus, online_cpus, is_present }: TopologyNode): string {
  if (!is_present) return `it is gone; on record are CPUs ${cpus || 'none'}`;
  if (cpus === '') return 'it has no CPU';
  return cpus === online_cpus
    ? `CPUs ${cpus}, all online`
    : `CPUs ${cpus}, online are ${online_cpus || 'none'}`;
}
