/** Requests as they are once parsed, in few words. */

import type {
  AllocateCoresPercentRequest,
  AllocateCoresRequest,
  AllocateHugepagesRequest,
  AllocateNumaCoresRequest,
} from '../../src/protocol/claim-request.js';
import type { ListAllocationsRequest } from '../../src/protocol/request.js';
import type { Policy, PoolName } from '../../src/protocol/wire-fields.js';

/** Asked for in earnest, once. */
const PLAIN = { isDryRun: false, requestId: null } as const;

/** CPUs wherever they are. */
const CPUS = { ...PLAIN, placement: null } as const;

interface Unless {
  readonly pool?: PoolName;
  readonly policy?: Policy | null;
}

/** `allocate_cores`; -1 releases everything. */
export function cores(
  serviceName: string,
  cpuCount: number,
  { pool = 'isolated', policy = null }: Unless = {},
): AllocateCoresRequest {
  return { action: 'allocate_cores', serviceName, cpuCount, pool, policy, ...CPUS };
}

/** `allocate_numa_cores`; -1 releases what the service holds in the node. */
export function numaCores(
  serviceName: string,
  nodeId: number,
  cpuCount: number,
  { pool = 'isolated', policy = null }: Unless = {},
): AllocateNumaCoresRequest {
  return { action: 'allocate_numa_cores', serviceName, nodeId, cpuCount, pool, policy, ...CPUS };
}

/** `allocate_hugepages` of 2 MiB; -1 forgets the record. */
export function hugepages(
  serviceName: string,
  nodeId: number,
  pageCount: number,
): AllocateHugepagesRequest {
  return { action: 'allocate_hugepages', serviceName, nodeId, sizeKb: 2048, pageCount, ...PLAIN };
}

/** `list_allocations`. */
export function list(pool: PoolName = 'isolated'): ListAllocationsRequest {
  return { action: 'list_allocations', pool };
}

/** `allocate_cores_percent`; 0 and -1 release everything. */
export function percent(serviceName: string, share: number): AllocateCoresPercentRequest {
  return {
    action: 'allocate_cores_percent',
    serviceName,
    percent: share,
    pool: 'isolated',
    policy: null,
    ...CPUS,
  };
}
