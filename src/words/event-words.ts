/** What a watch tells of services, the machine and the daemon, in the words of a person. */

import { parseCpuList } from '../core/cpu-list.js';
import { countCpus } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import type { ListedAllocation, TopologyNode } from '../protocol/reply.js';
import type { WatchEvent } from '../protocol/watch-event.js';
import { counted } from './counted.js';
import { formatPageSize } from './sizes.js';

/** A sentence, and whether it is one to worry about, or one that ends a worry. */
export interface Saying {
  readonly text: string;
  readonly tone: 'plain' | 'bad' | 'good';
}

/** What an event says. */
export function sayingOf(event: WatchEvent): Saying {
  switch (event.type) {
    case 'claimed':
      return plain(`${service(event)} claimed ${cpusOf(event.cpus)}; ${holds(event.allocation)}`);
    case 'released':
      return plain(`${service(event)} released ${cpusOf(event.cpus)}; ${holds(event.allocation)}`);
    case 'claim_changed':
      return plain(`${service(event)} holds the same, otherwise; ${holds(event.allocation)}`);
    case 'preempted':
      return bad(
        `${service(event)} lost ${cpusOf(event.cpus)} to ${visible(event.by)}; ${holds(event.allocation)}`,
      );
    case 'hugepages_recorded': {
      const count = event.count === 0 ? 'no' : event.count;
      return plain(`${service(event)} has ${count} ${pagesOn(event)} on record`);
    }
    case 'cpus_online':
      return plain(`${cpusOf(event.cpus)} came online`);
    case 'cpus_offline':
      return bad(`${cpusOf(event.cpus)} went offline`);
    case 'pool_changed':
      return plain(
        `the ${event.pool} pool is ${event.configured_cpus || 'empty'}, of which can be had: ${event.eligible_cpus || 'none'}`,
      );
    case 'node_added':
      return plain(`${nodeName(event.node.node_id)} came: ${nodeWords(event.node)}`);
    case 'node_changed':
      return plain(`${nodeName(event.node.node_id)} changed: ${nodeWords(event.node)}`);
    case 'node_removed':
      return plain(`${nodeName(event.node_id)} is gone, and nothing left on record`);
    case 'hugepages_changed':
      return pageSaying(event);
    case 'daemon_changed':
      return daemonSaying(event);
  }
}

type Event<T extends WatchEvent['type']> = Extract<WatchEvent, { readonly type: T }>;

const plain = (text: string): Saying => ({ text, tone: 'plain' });
const bad = (text: string): Saying => ({ text, tone: 'bad' });

const service = ({ service_name }: { readonly service_name: string }) => visible(service_name);

function cpusOf(list: string): string {
  const count = countCpus(parseCpuList(list));
  return `${counted(count, 'CPU')} (${list})`;
}

/** What a service holds, as a clause. */
export function holds(allocation: ListedAllocation | null): string {
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

function pageSaying(event: Event<'hugepages_changed'>): Saying {
  const total = event.total === null ? 'no' : `${event.total}`;
  const words = `there are ${total} ${pagesOn(event)} now`;
  return event.shortfall === 0
    ? plain(words)
    : bad(`${words}, ${event.shortfall} fewer than on record`);
}

function daemonSaying(event: Event<'daemon_changed'>): Saying {
  if (event.state === 'stopping') return plain('the daemon stops');
  const problems = [
    event.store_problem === null ? '' : `nothing can be stored: ${event.store_problem}`,
    event.sysfs_problem === null
      ? ''
      : `the machine cannot be read: ${event.sysfs_problem.path}: ${event.sysfs_problem.reason}`,
  ].filter((problem) => problem !== '');
  if (problems.length > 0) return bad(visible(problems.join('; ')));
  return { text: 'the daemon serves, and nothing is wrong', tone: 'good' };
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
