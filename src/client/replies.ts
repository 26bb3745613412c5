/**
 * What a client relies on in the daemon's replies: each checked by a schema that leaves the rest
 * of the reply alone, so that a newer daemon may say more.
 */

import { z } from 'zod';
import type {
  AllocateCoresPercentReply,
  AllocateCoresReply,
  AllocateHugepagesReply,
  AllocateNumaCoresReply,
  ErrorReply,
  GetMemoryInfoReply,
  GetStatusReply,
  GetTopologyReply,
  ListAllocationsReply,
  ListedAllocation,
  TopologyNode,
} from '../protocol/reply.js';
import { policySchema, poolNameSchema } from '../protocol/request.js';

type CpuReplyField =
  | 'service_name'
  | 'pool'
  | 'preemption_policy'
  | 'total_available_cpus'
  | 'remaining_available_cpus';

/** The fields of each reply that a client may use, by the action that is answered. */
export interface Replies {
  readonly allocate_cores: Pick<
    AllocateCoresReply,
    CpuReplyField | 'allocated_cores' | 'cores_allocated'
  >;
  readonly allocate_cores_percent: Pick<
    AllocateCoresPercentReply,
    CpuReplyField | 'allocated_cores' | 'cores_allocated_count'
  >;
  readonly allocate_numa_cores: Pick<
    AllocateNumaCoresReply,
    CpuReplyField | 'numa_node' | 'cores_allocated' | 'preempted'
  >;
  readonly allocate_hugepages: Pick<
    AllocateHugepagesReply,
    'service_name' | 'hugepages_requested' | 'node_id' | 'size_kb'
  >;
  readonly list_allocations: Pick<ListAllocationsReply, 'pool'>;
  readonly get_memory_info: Pick<GetMemoryInfoReply, 'numa_hugepages'>;
  readonly get_topology: Omit<GetTopologyReply, 'version'>;
  readonly get_status: Omit<GetStatusReply, 'version' | 'facts_age_ms'>;
}

/** The fields of an error reply that a client may use; the code may be one it does not know. */
export type ErrorAnswer = Pick<ErrorReply, 'error'> & {
  readonly code?: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

export const count = z.int().min(0);
export const nodeId = z.int().min(0);

const cpuReply = {
  service_name: z.string(),
  pool: poolNameSchema,
  preemption_policy: policySchema.nullable(),
  total_available_cpus: count,
  remaining_available_cpus: count,
};

export const allocation: z.ZodType<ListedAllocation> = z.object({
  pool: poolNameSchema,
  preemption_policy: policySchema,
  service_name: z.string(),
  allocated_cores: z.string(),
  cores_count: count,
  is_explicit: z.boolean(),
  explicit_cores: z.string().exactOptional(),
});

export const poolCpus = z.object({ configured_cpus: z.string(), eligible_cpus: z.string() });

export const sysfsTrouble = z.object({ path: z.string(), reason: z.string() });

export const topologyNode: z.ZodType<TopologyNode> = z.object({
  node_id: nodeId.nullable(),
  is_present: z.boolean(),
  cpus: z.string(),
  online_cpus: z.string(),
  cores: z.array(z.string()),
  memory_kb: count.nullable(),
  distances: z.record(z.string(), count),
});

/** What is said of a machine and of who holds it. */
export const topology = z.object({
  online_cpus: z.string(),
  pools: z.object({ isolated: poolCpus, general: poolCpus }),
  nodes: z.array(topologyNode),
  allocations: z.array(allocation),
});

const poolStatus = z.object({
  is_configured: z.boolean(),
  closed_because: z.string().nullable(),
  eligible_cpus: count,
  free_cpus: count,
});

/** The schema of each reply, by the action that is answered. */
export const REPLY_SCHEMAS: { readonly [A in keyof Replies]: z.ZodType<Replies[A]> } = {
  allocate_cores: z.object({
    ...cpuReply,
    allocated_cores: z.string(),
    cores_allocated: count,
  }),
  allocate_cores_percent: z.object({
    ...cpuReply,
    allocated_cores: z.string(),
    cores_allocated_count: count,
  }),
  allocate_numa_cores: z.object({
    ...cpuReply,
    numa_node: nodeId,
    cores_allocated: z.string(),
    preempted: z
      .array(z.object({ service_name: z.string(), cpus: z.string() }))
      .readonly()
      .exactOptional(),
  }),
  allocate_hugepages: z.object({
    service_name: z.string(),
    hugepages_requested: z.int(),
    node_id: nodeId,
    size_kb: count,
  }),
  list_allocations: z.object({ pool: poolNameSchema }),
  get_memory_info: z.object({
    numa_hugepages: z.record(
      z.string(),
      z.object({
        capacity: z.array(z.object({ total: count, free: count, size: count })),
        allocations: z.record(z.string(), z.record(z.string(), count)),
      }),
    ),
  }),
  get_topology: topology.extend({ sysfs_problem: sysfsTrouble.nullable() }),
  get_status: z.object({
    daemon_version: z.string(),
    node_version: z.string(),
    pid: count,
    started_at: z.string(),
    uptime_s: count,
    state: z.string(),
    sysfs_root: z.string(),
    actors: z.record(z.string(), z.string()),
    pools: z.object({ isolated: poolStatus, general: poolStatus }),
    services: count,
    watchers: count,
    // Older daemons do not say.
    inspectors: count.default(0),
    store: z.object({
      files: z.array(z.string()),
      generation: count,
      problem: z.object({ since: z.string(), reason: z.string() }).nullable(),
      healed: z.array(z.object({ file: z.string(), reason: z.string() })),
    }),
    sysfs_problem: sysfsTrouble.nullable(),
  }),
};

/** The schema of an error reply. */
export const ERROR_SCHEMA: z.ZodType<ErrorAnswer> = z.object({
  error: z.string(),
  code: z.string().exactOptional(),
  details: z.record(z.string(), z.unknown()).exactOptional(),
});

/** What is wrong with something that does not have the form it should have, in a few words. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join('.') ?? '';
  return place === '' ? `${issue?.message}` : `${place}: ${issue?.message}`;
}
