/** The replies of the socket, as they stand on the wire. Field by field in `docs/protocol.md`. */

import type { ErrorCode, ErrorDetails, Refusal } from './error-codes.js';
import { type Policy, type PoolName, PROTOCOL_VERSION } from './request.js';

type Version = typeof PROTOCOL_VERSION;

/** What a service lost to another one by force. */
export interface Preemption {
  readonly service_name: string;
  /** The CPUs it lost, as a list. */
  readonly cpus: string;
}

/** What every reply to a change may have. */
interface ChangeReply {
  readonly version: Version;
  /** Who lost CPUs, by name. Present when somebody did, and where it is only tried. */
  readonly preempted?: readonly Preemption[];
  /** Present when nothing was changed, because nothing was to be. */
  readonly dry_run?: true;
}

interface CpuReply extends ChangeReply {
  readonly service_name: string;
  /** Count of the pool's eligible CPUs. */
  readonly total_available_cpus: number;
  /** Count of the pool's eligible CPUs that nobody holds, after this request. */
  readonly remaining_available_cpus: number;
  readonly pool: PoolName;
  /** `null` when the service holds nothing any more. */
  readonly preemption_policy: Policy | null;
}

export interface AllocateCoresReply extends CpuReply {
  /** As asked; 0 after a release. */
  readonly num_of_cores: number;
  /** A count here. */
  readonly cores_allocated: number;
  readonly allocated_cores: string;
  /** What could have been granted too. */
  readonly shared_cpus: string;
}

export interface AllocateCoresPercentReply extends CpuReply {
  readonly cores_allocated_count: number;
  readonly allocated_cores: string;
}

export interface AllocateNumaCoresReply extends CpuReply {
  readonly numa_node: number;
  /** As asked. */
  readonly num_of_cores: number;
  /** A list here: the CPUs just claimed in this node, `""` after a release. */
  readonly cores_allocated: string;
}

export interface AllocateHugepagesReply extends ChangeReply {
  readonly service_name: string;
  readonly hugepages_requested: number;
  readonly allocation_successful: true;
  readonly message: string;
  readonly node_id: number;
  readonly size_kb: number;
}

/** A reply to a change of one service. */
export type ClaimReply =
  | AllocateCoresReply
  | AllocateCoresPercentReply
  | AllocateNumaCoresReply
  | AllocateHugepagesReply;

export interface TransactReply extends ChangeReply {
  /** One reply a step, in their order. */
  readonly results: readonly ClaimReply[];
}

/** A reply to a change. */
export type ChangingReply = ClaimReply | TransactReply;

export interface ListedAllocation {
  readonly pool: PoolName;
  readonly preemption_policy: Policy;
  readonly service_name: string;
  readonly allocated_cores: string;
  readonly cores_count: number;
  /** Whether any of the CPUs is claimed explicitly. */
  readonly is_explicit: boolean;
  /** Present when some CPUs are explicit and some are not. */
  readonly explicit_cores?: string;
}

export interface ListAllocationsReply {
  readonly version: Version;
  readonly supported_cpu_features: readonly string[];
  readonly pool: PoolName;
  readonly total_allocations: number;
  readonly total_allocated_cpus: number;
  readonly total_available_cpus: number;
  readonly remaining_available_cpus: number;
  readonly cpu_pool: {
    readonly source: 'isolated' | 'configured';
    readonly configured_cpus: string;
    readonly eligible_cpus: string;
    readonly unavailable_allocated_cpus: string;
  };
  readonly allocations: readonly ListedAllocation[];
}

export interface NodeMemory {
  readonly capacity: readonly {
    readonly total: number;
    readonly free: number;
    /** KiB. */
    readonly size: number;
  }[];
  /** Service → size in KiB → pages. */
  readonly allocations: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** More pages are on record than there are. */
export interface PageShortfall {
  readonly node_id: number;
  /** KiB. */
  readonly size_kb: number;
  /** Pages on record, of all services. */
  readonly recorded: number;
  /** Pages the kernel has; 0 also when it has no pages of that size, or no such node. */
  readonly total: number;
}

export interface GetMemoryInfoReply {
  readonly version: Version;
  readonly service_name: string;
  readonly numa_hugepages: Readonly<Record<string, NodeMemory>>;
  /** Present where there are fewer pages than are on record. */
  readonly shortfalls?: readonly PageShortfall[];
}

export interface TopologyNode {
  /** `null` for the CPUs that sit in no node. */
  readonly node_id: number | null;
  /** False when the node vanished while something was recorded on it. */
  readonly is_present: boolean;
  readonly cpus: string;
  readonly online_cpus: string;
  /** Thread siblings of each core, as lists; online CPUs only. */
  readonly cores: readonly string[];
  readonly memory_kb: number | null;
  /** Node id → distance (10 = local). */
  readonly distances: Readonly<Record<string, number>>;
}

/** The CPUs of a pool, as lists. */
export interface PoolCpus {
  readonly configured_cpus: string;
  readonly eligible_cpus: string;
}

/** Why the machine cannot be read, so that what is said of it is what was known before. */
export interface SysfsTrouble {
  readonly path: string;
  readonly reason: string;
}

export interface GetTopologyReply {
  readonly version: Version;
  readonly online_cpus: string;
  readonly pools: Readonly<Record<PoolName, PoolCpus>>;
  readonly nodes: readonly TopologyNode[];
  readonly allocations: readonly ListedAllocation[];
  /** `null` while the machine can be read. */
  readonly sysfs_problem: SysfsTrouble | null;
}

/** What is on disk, and whether more can be put there. */
export interface StoreStatus {
  /** The first copy of the state, and its twin. */
  readonly files: readonly string[];
  /** Of the newest state on disk; grows with every write. */
  readonly generation: number;
  /** Why nothing can be stored, and since when; `null` while it can. */
  readonly problem: { readonly since: string; readonly reason: string } | null;
  /** Copies that were not whole at the start, and why; the other one had everything. */
  readonly healed: readonly { readonly file: string; readonly reason: string }[];
}

export interface GetStatusReply {
  readonly version: Version;
  readonly daemon_version: string;
  readonly node_version: string;
  readonly pid: number;
  readonly started_at: string;
  readonly uptime_s: number;
  readonly state: string;
  readonly sysfs_root: string;
  /** Actor id → the states it is in. */
  readonly actors: Readonly<Record<string, string>>;
  readonly pools: Readonly<
    Record<
      PoolName,
      {
        readonly is_configured: boolean;
        readonly closed_because: string | null;
        readonly eligible_cpus: number;
        readonly free_cpus: number;
      }
    >
  >;
  readonly services: number;
  /** How many watch; who inspects does, too. */
  readonly watchers: number;
  /** How many inspect. */
  readonly inspectors: number;
  readonly store: StoreStatus;
  readonly sysfs_problem: SysfsTrouble | null;
  readonly facts_age_ms: number | null;
}

/** What goes back when a request is not granted. */
export interface ErrorReply {
  readonly version: Version;
  readonly error: string;
  readonly code: ErrorCode;
  readonly details?: ErrorDetails;
}

/** A reply to a request that was granted. */
export type Reply =
  | ChangingReply
  | ListAllocationsReply
  | GetMemoryInfoReply
  | GetTopologyReply
  | GetStatusReply;

/**
 * What this daemon can do beyond the first version of the contract; a word appears when the
 * thing works.
 */
export const SUPPORTED_CPU_FEATURES: readonly string[] = [
  'non-preemptive-allocations',
  'cpu-pools',
  'preempted',
  'watch',
  'dry-run',
  'transact',
  'request-id',
  'topology',
  'status',
];

/** The wire form of a refusal. Clients of old test for the presence of `error`. */
export function errorReply({ code, message, details }: Refusal): ErrorReply {
  const reply = { version: PROTOCOL_VERSION, error: message, code } as const;
  return details === undefined ? reply : { ...reply, details };
}
