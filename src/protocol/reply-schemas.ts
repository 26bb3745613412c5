/**
 * The replies of the socket as schemas: the one place that says what stands in them. The types that
 * the daemon answers with, what a client checks, and `docs/schema.json` follow from it. The daemon
 * itself checks no reply, so it does not load this.
 */

import * as z from 'zod';
import { ERROR_CODES, type ErrorCode, type ErrorDetails } from './error-codes.js';
import { PROTOCOL_VERSION, type Request, type StreamAction } from './request.js';
import { policySchema, poolNameSchema } from './wire-fields.js';

const version = z.literal(PROTOCOL_VERSION);

export const count = z.int().min(0);
export const nodeId = z.int().min(0);
const cpuList = z.string().describe("CPUs in the kernel's list format; empty = none");

export const preemption = z
  .object({ service_name: z.string(), cpus: cpuList })
  .describe('What a service lost to another one by force.');

/** What every reply to a change has. */
const change = {
  version,
  preempted: z
    .array(preemption)
    .exactOptional()
    .describe('Present when CPUs were taken from others, and in a dry run; by name'),
  dry_run: z.literal(true).exactOptional().describe('Present when nothing was to be changed'),
};

export const placed = z
  .object({
    numa_nodes: z.array(nodeId).describe('Ascending; without the CPUs that sit in no node'),
    last_level_caches: count
      .nullable()
      .describe('How many they share; null where the kernel does not tell of all'),
    whole_cores: count.describe('Cores of which every eligible thread was granted'),
    split_cores: count.describe('Cores of which some were'),
  })
  .describe('Where the CPUs of a grant are.');

const cpuReply = {
  ...change,
  service_name: z.string(),
  total_available_cpus: count.describe("How many of the pool's CPUs are eligible"),
  remaining_available_cpus: count.describe('How many of them nobody holds, after this request'),
  pool: poolNameSchema,
  preemption_policy: policySchema
    .nullable()
    .describe('null when the service holds nothing any more'),
  placement: placed.exactOptional().describe('Present when the request had one, and granted CPUs'),
};

const allocateCores = z.object({
  ...cpuReply,
  num_of_cores: z.int().describe('As asked; 0 after a release'),
  cores_allocated: count.describe('How many CPUs the service holds'),
  allocated_cores: cpuList,
  shared_cpus: cpuList.describe('What could have been granted too'),
});

const allocateCoresPercent = z.object({
  ...cpuReply,
  cores_allocated_count: count,
  allocated_cores: cpuList,
});

const allocateNumaCores = z.object({
  ...cpuReply,
  numa_node: nodeId,
  num_of_cores: z.int().describe('As asked'),
  cores_allocated: cpuList.describe(
    'The CPUs just claimed in this node, as a list; empty after a release',
  ),
});

const allocateHugepages = z.object({
  ...change,
  service_name: z.string(),
  hugepages_requested: z.int(),
  allocation_successful: z.literal(true),
  message: z.string(),
  node_id: nodeId,
  size_kb: count.describe('KiB'),
});

const transact = z.object({
  ...change,
  results: z
    .array(z.union([allocateCores, allocateCoresPercent, allocateNumaCores, allocateHugepages]))
    .describe('One reply a step, in their order'),
});

export const listedAllocation = z.object({
  pool: poolNameSchema,
  preemption_policy: policySchema,
  service_name: z.string(),
  allocated_cores: cpuList,
  cores_count: count,
  is_explicit: z.boolean().describe('Whether any of the CPUs is claimed explicitly'),
  explicit_cores: cpuList
    .exactOptional()
    .describe('Present when some CPUs are explicit and some are not'),
});

const listAllocations = z.object({
  version,
  supported_cpu_features: z.array(z.string()),
  pool: poolNameSchema,
  total_allocations: count,
  total_allocated_cpus: count,
  total_available_cpus: count,
  remaining_available_cpus: count,
  cpu_pool: z.object({
    source: z.enum(['isolated', 'configured']),
    configured_cpus: cpuList,
    eligible_cpus: cpuList,
    unavailable_allocated_cpus: cpuList,
  }),
  allocations: z.array(listedAllocation),
});

export const nodeMemory = z.object({
  capacity: z.array(z.object({ total: count, free: count, size: count.describe('KiB') })),
  allocations: z
    .record(z.string(), z.record(z.string(), count))
    .describe('Service → size in KiB → pages'),
});

export const pageShortfall = z
  .object({
    node_id: nodeId,
    size_kb: count.describe('KiB'),
    recorded: count.describe('Pages on record, of all services'),
    total: count.describe(
      'Pages the kernel has; 0 also when it has no pages of that size, or no such node',
    ),
  })
  .describe('More pages are on record than there are.');

const getMemoryInfo = z.object({
  version,
  service_name: z.string(),
  numa_hugepages: z.record(z.string(), nodeMemory),
  shortfalls: z
    .array(pageShortfall)
    .exactOptional()
    .describe('Present where there are fewer pages than are on record'),
});

export const topologyNode = z.object({
  node_id: nodeId.nullable().describe('null for the CPUs that sit in no node'),
  is_present: z
    .boolean()
    .describe('False when the node vanished while something was recorded on it'),
  cpus: cpuList,
  online_cpus: cpuList,
  cores: z.array(cpuList).describe('Thread siblings of each core; online CPUs only'),
  caches: z
    .array(cpuList)
    .describe('CPUs of each last-level cache; online CPUs only, none where the kernel tells none'),
  memory_kb: count.nullable(),
  distances: z.record(z.string(), count).describe('Node id → distance (10 = local)'),
});

export const poolCpus = z
  .object({ configured_cpus: cpuList, eligible_cpus: cpuList })
  .describe('The CPUs of a pool.');

export const sysfsTrouble = z
  .object({ path: z.string(), reason: z.string() })
  .describe('Why the machine cannot be read, so that what is said of it is what was known before.');

export const pageTotal = z.object({
  node_id: nodeId,
  size_kb: count.describe('KiB'),
  total: count
    .nullable()
    .describe('Pages the kernel has; null = none of that size any more, but some are on record'),
  shortfall: count.describe('Pages on record beyond those that there are'),
});

export const pageRecordLine = z.object({
  service_name: z.string(),
  node_id: nodeId,
  size_kb: count.describe('KiB'),
  count: count.describe('Pages on record; 0 = none any more'),
});

/** What is said of a machine and of who holds it. */
export const topology = {
  online_cpus: cpuList,
  pools: z.object({ isolated: poolCpus, general: poolCpus }),
  nodes: z.array(topologyNode),
  allocations: z.array(listedAllocation),
  hugepages: z.array(pageTotal),
  hugepage_records: z.array(pageRecordLine),
};

const getTopology = z.object({
  version,
  ...topology,
  sysfs_problem: sysfsTrouble.nullable().describe('null while the machine can be read'),
});

const poolStatus = z.object({
  is_configured: z.boolean(),
  closed_because: z.string().nullable(),
  eligible_cpus: count,
  free_cpus: count,
});

export const storeStatus = z.object({
  files: z.array(z.string()).describe('The first copy of the state, and its twin'),
  generation: count.describe('Of the newest state on disk; grows with every write'),
  problem: z
    .object({ since: z.string(), reason: z.string() })
    .nullable()
    .describe('Why nothing can be stored, and since when; null while it can'),
  healed: z
    .array(z.object({ file: z.string(), reason: z.string() }))
    .describe('Copies that were not whole at the start, and why; the other one had everything'),
});

const fill = z.object({ used: count, max: count });

const limits = z.object({
  connections: fill.describe('Open connections'),
  requests_waiting: fill.describe('Requests that wait for a decision or for the disk'),
  watchers: fill.describe('Those who watch'),
  inspectors: fill.describe('Those who inspect'),
  held_bytes: fill.describe(
    'Bytes held for all peers: requests not complete or not asked yet, replies not read yet',
  ),
});

const scans = z.object({
  age_ms: count.nullable().describe('Since the whole machine was read; null = not yet'),
  look_age_ms: count.nullable().describe('Since the last quick look for a request'),
  interval_ms: count.describe('The schedule'),
  failures_in_a_row: count.describe('0 = the last scan ended well'),
});

const counts = z.object({
  requests: z
    .record(z.string(), z.record(z.string(), count))
    .describe('Action → error code, or OK → how many; `none` for what was no request'),
  changes: count.describe('Changes that are on disk'),
  commits: count.describe('Durable writes; several changes may share one'),
  commit_failures: count.describe('Writes that failed or were given up'),
  preemptions: count.describe('Services that lost CPUs by force, each time that they did'),
  scans: count.describe('Readings of the whole machine'),
  scan_failures: count,
  looks: count.describe('Quick looks at what a request needs to know'),
  look_failures: count,
  connections: count,
  connections_turned_away: count.describe('Because too many were open'),
});

const getStatus = z.object({
  version,
  daemon_version: z.string(),
  node_version: z.string(),
  pid: count,
  started_at: z.string(),
  uptime_s: count,
  state: z.string(),
  sysfs_root: z.string(),
  actors: z.record(z.string(), z.string()).describe('Actor → the states it is in'),
  pools: z.object({ isolated: poolStatus, general: poolStatus }),
  services: count,
  watchers: count.describe('How many watch; who inspects does, too'),
  inspectors: count.describe('How many inspect'),
  store: storeStatus,
  sysfs_problem: sysfsTrouble.nullable(),
  facts_age_ms: count.nullable(),
  scans,
  limits,
  counts: counts.describe('Since the start'),
});

const getMetrics = z.object({
  version,
  content_type: z.string(),
  metrics: z.string().describe('The Prometheus text format'),
});

/** The schema of each reply, by the action that is answered. */
export const REPLY_SCHEMAS = {
  allocate_cores: allocateCores,
  allocate_cores_percent: allocateCoresPercent,
  allocate_numa_cores: allocateNumaCores,
  allocate_hugepages: allocateHugepages,
  transact,
  list_allocations: listAllocations,
  get_memory_info: getMemoryInfo,
  get_topology: getTopology,
  get_status: getStatus,
  get_metrics: getMetrics,
} as const satisfies Readonly<Record<Exclude<Request['action'], StreamAction>, z.ZodType>>;

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];
const details: z.ZodType<ErrorDetails> = z.record(z.string(), z.any());

/** The schema of what goes back when a request is not granted. */
export const errorReplySchema = z.object({
  version,
  error: z.string().describe('One sentence for the person who meets it'),
  code: z.enum(codes),
  details: details.exactOptional().describe('What a program can act on, by code'),
});
