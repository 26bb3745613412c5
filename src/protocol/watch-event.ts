/** The lines of a `watch`, as they stand on the wire. Field by field in `docs/protocol.md`. */

import type { ListedAllocation, PoolCpus, SysfsTrouble, TopologyNode } from './reply.js';
import type { PoolName } from './request.js';

/** Hugepages of one size in one node. */
export interface PageTotal {
  readonly node_id: number;
  /** KiB. */
  readonly size_kb: number;
  /** Pages the kernel has; `null` = it has none of that size (any more), but some are on record. */
  readonly total: number | null;
  /** Pages on record beyond those that there are. */
  readonly shortfall: number;
}

/** Hugepages on record for a service; a `count` of 0 = none any more. */
export interface PageRecordLine {
  readonly service_name: string;
  readonly node_id: number;
  readonly size_kb: number;
  readonly count: number;
}

/** How the daemon itself is. */
export interface DaemonCondition {
  readonly state: 'serving' | 'read-only' | 'stopping';
  /** Why nothing can be stored; `null` while it can. */
  readonly store_problem: string | null;
  /** Why the machine cannot be read, so that what is said of it is old; `null` while it can. */
  readonly sysfs_problem: SysfsTrouble | null;
}

/** All there is to know when a watch begins. */
export interface WatchPicture {
  readonly online_cpus: string;
  readonly pools: Readonly<Record<PoolName, PoolCpus>>;
  readonly nodes: readonly TopologyNode[];
  readonly allocations: readonly ListedAllocation[];
  readonly hugepages: readonly PageTotal[];
  readonly hugepage_records: readonly PageRecordLine[];
  readonly daemon: DaemonCondition;
}

/** What happened to one service. `allocation` is what it holds then; `null` = no CPU any more. */
export type ServiceEvent =
  | {
      readonly type: 'claimed';
      readonly service_name: string;
      /** Those it did not hold before. */
      readonly cpus: string;
      readonly allocation: ListedAllocation;
    }
  | {
      readonly type: 'released';
      readonly service_name: string;
      readonly cpus: string;
      readonly allocation: ListedAllocation | null;
    }
  /** The same CPUs, under another policy or of another kind. */
  | {
      readonly type: 'claim_changed';
      readonly service_name: string;
      readonly allocation: ListedAllocation;
    }
  | {
      readonly type: 'preempted';
      readonly service_name: string;
      /** Those it lost. */
      readonly cpus: string;
      /** The service that has them now. */
      readonly by: string;
      readonly allocation: ListedAllocation | null;
    }
  | ({ readonly type: 'hugepages_recorded' } & PageRecordLine);

/** What happened to the machine, or to the daemon. */
export type HostEvent =
  | { readonly type: 'cpus_online'; readonly cpus: string }
  | { readonly type: 'cpus_offline'; readonly cpus: string }
  | ({ readonly type: 'pool_changed'; readonly pool: PoolName } & PoolCpus)
  | { readonly type: 'node_added'; readonly node: TopologyNode }
  | { readonly type: 'node_changed'; readonly node: TopologyNode }
  | { readonly type: 'node_removed'; readonly node_id: number | null }
  | ({ readonly type: 'hugepages_changed' } & PageTotal)
  | ({ readonly type: 'daemon_changed' } & DaemonCondition);

/** Any line but the first and the last. */
export type WatchEvent = ServiceEvent | HostEvent;

/** The last line of a watch whose reader was too slow. */
export interface OverrunEvent {
  readonly type: 'overrun';
  readonly reason: string;
}

/** Whether a line is about one service, so that a filter may leave it out. */
export function isServiceEvent(event: WatchEvent): event is ServiceEvent {
  return 'service_name' in event;
}
