/** What a client that watches keeps: the first picture, brought up to date line by line. */

import { parseCpuList } from '../../src/core/cpu-list.js';
import { cpusOf } from '../../src/core/cpu-set.js';
import type { ListedAllocation, TopologyNode } from '../../src/protocol/reply.js';
import type { WatchEvent, WatchPicture } from '../../src/protocol/watch-event.js';

/** The picture, by what its lines name. */
export interface WatchTables {
  readonly online: Set<number>;
  readonly pools: Map<string, string>;
  readonly nodes: Map<number | null, TopologyNode>;
  readonly allocations: Map<string, ListedAllocation>;
  /** Node and size → total and shortfall. */
  readonly hugepages: Map<string, string>;
  readonly records: Map<string, number>;
}

const numbersOf = (list: string): number[] => cpusOf(parseCpuList(list));

export function freshTables(picture: WatchPicture): WatchTables {
  return {
    online: new Set(numbersOf(picture.online_cpus).sort((a, b) => a - b)),
    pools: new Map(
      Object.entries(picture.pools).map(([name, pool]) => [
        name,
        `${pool.configured_cpus} ${pool.eligible_cpus}`,
      ]),
    ),
    nodes: new Map(picture.nodes.map((node) => [node.node_id, node])),
    allocations: new Map(picture.allocations.map((listed) => [listed.service_name, listed])),
    hugepages: new Map(
      picture.hugepages.map((page) => [
        `${page.node_id} ${page.size_kb}`,
        `${page.total} ${page.shortfall}`,
      ]),
    ),
    records: new Map(
      picture.hugepage_records.map((record) => [
        `${record.service_name} ${record.node_id} ${record.size_kb}`,
        record.count,
      ]),
    ),
  };
}

/** Does to the tables what a line says, and fails when it leaves a CPU with two owners. */
export function applyLine(tables: WatchTables, line: WatchEvent): void {
  switch (line.type) {
    case 'claimed':
    case 'released':
    case 'claim_changed':
    case 'preempted':
      if (line.allocation === null) tables.allocations.delete(line.service_name);
      else tables.allocations.set(line.service_name, line.allocation);
      failOnTwoOwners(tables);
      break;
    case 'hugepages_recorded': {
      const key = `${line.service_name} ${line.node_id} ${line.size_kb}`;
      if (line.count === 0) tables.records.delete(key);
      else tables.records.set(key, line.count);
      break;
    }
    case 'cpus_online':
      for (const cpu of numbersOf(line.cpus)) tables.online.add(cpu);
      break;
    case 'cpus_offline':
      for (const cpu of numbersOf(line.cpus)) tables.online.delete(cpu);
      break;
    case 'pool_changed':
      tables.pools.set(line.pool, `${line.configured_cpus} ${line.eligible_cpus}`);
      break;
    case 'node_added':
    case 'node_changed':
      tables.nodes.set(line.node.node_id, line.node);
      break;
    case 'node_removed':
      tables.nodes.delete(line.node_id);
      break;
    case 'hugepages_changed': {
      const key = `${line.node_id} ${line.size_kb}`;
      if (line.total === null && line.shortfall === 0) tables.hugepages.delete(key);
      else tables.hugepages.set(key, `${line.total} ${line.shortfall}`);
      break;
    }
    case 'daemon_changed':
      break;
  }
}

function failOnTwoOwners({ allocations }: WatchTables): void {
  const owned = [...allocations.values()].flatMap((listed) => numbersOf(listed.allocated_cores));
  if (new Set(owned).size < owned.length) throw new Error('a CPU has two owners');
}
