/** The requests that change what one service holds: their shape on the wire, and what they become. */

import * as z from 'zod';
import { oneNodePlacementSchema, type Placement, placementSchema } from './placement.js';
import {
  type Policy,
  type PoolName,
  policySchema,
  pool,
  requestIdSchema,
  serviceNameSchema,
  wholeNumber,
} from './wire-fields.js';

/** How a change is asked for, whatever it is. */
export interface ChangeOptions {
  /** Only wants to know what the reply would be. */
  readonly isDryRun: boolean;
  /** The caller's own name of this request, so that it can be repeated; `null` = it has none. */
  readonly requestId: string | null;
}

/** A CPU request of any kind has these. `policy` is `null` where none was named. */
interface CpuRequest extends ChangeOptions {
  readonly serviceName: string;
  readonly pool: PoolName;
  readonly policy: Policy | null;
  /** `null` where none was asked for. On a release it must be a valid one, and is ignored. */
  readonly placement: Placement | null;
}

export interface AllocateCoresRequest extends CpuRequest {
  readonly action: 'allocate_cores';
  /** CPUs wanted; 0 = the default share, -1 = release everything. */
  readonly cpuCount: number;
}

export interface AllocateCoresPercentRequest extends CpuRequest {
  readonly action: 'allocate_cores_percent';
  /** 1 to 100 percent of the pool's eligible CPUs; 0 and -1 = release everything. */
  readonly percent: number;
}

export interface AllocateNumaCoresRequest extends CpuRequest {
  readonly action: 'allocate_numa_cores';
  readonly nodeId: number;
  /** CPUs wanted in the node; -1 = release what the service holds there. */
  readonly cpuCount: number;
}

export interface AllocateHugepagesRequest extends ChangeOptions {
  readonly action: 'allocate_hugepages';
  readonly serviceName: string;
  readonly nodeId: number;
  readonly sizeKb: number;
  /** Pages to record; -1 = forget the record. */
  readonly pageCount: number;
}

/** A request for CPUs. */
export type CpuClaimRequest =
  | AllocateCoresRequest
  | AllocateCoresPercentRequest
  | AllocateNumaCoresRequest;

/** A request that may change what one service holds. */
export type ClaimRequest = CpuClaimRequest | AllocateHugepagesRequest;

const nodeId = wholeNumber.min(0, 'must be 0 or more');
const policy = policySchema.nullish().transform((value) => value ?? null);
const noNode = z.null({ error: 'must be null here: use allocate_numa_cores' }).optional();
const releaseOrMore = wholeNumber.min(-1, 'must be -1 (release) or more');
const releaseOrSome = releaseOrMore.refine(
  (count) => count !== 0,
  'must be -1 (release), or 1 or more',
);

/** The fields of {@link ChangeOptions}. */
export const changeOptions = {
  dry_run: z
    .boolean('must be true or false')
    .nullish()
    .transform((value) => value ?? false),
  request_id: requestIdSchema.nullish().transform((value) => value ?? null),
};

/** What the fields of {@link changeOptions} are once read. */
interface ReadOptions {
  readonly dry_run: boolean;
  readonly request_id: string | null;
}

/** What the fields that every request for CPUs has are once read. */
interface ReadCpuFields extends ReadOptions {
  readonly service_name: string;
  readonly pool: PoolName;
  readonly preemption_policy: Policy | null;
  readonly placement: Placement | null;
}

/** What becomes of the fields of {@link changeOptions}. */
export function changeOf(wire: ReadOptions): ChangeOptions {
  return { isDryRun: wire.dry_run, requestId: wire.request_id };
}

/** Whoever adds to it spreads it last: see `withHoldings`. */
function cpuRequestOf(wire: ReadCpuFields): CpuRequest {
  return {
    isDryRun: wire.dry_run,
    requestId: wire.request_id,
    serviceName: wire.service_name,
    pool: wire.pool,
    policy: wire.preemption_policy,
    placement: wire.placement,
  };
}

/** The schema of each of them by its action: what it takes in is the wire's, what it gives is ours. */
export const CLAIM_REQUESTS = [
  [
    'allocate_cores',
    z
      .object({
        action: z.literal('allocate_cores'),
        ...changeOptions,
        service_name: serviceNameSchema,
        num_of_cores: releaseOrMore.default(0),
        numa_node: noNode,
        pool,
        preemption_policy: policy,
        placement: placementSchema,
      })
      .transform((wire) => ({
        action: wire.action,
        cpuCount: wire.num_of_cores,
        ...cpuRequestOf(wire),
      })),
  ],
  [
    'allocate_cores_percent',
    z
      .object({
        action: z.literal('allocate_cores_percent'),
        ...changeOptions,
        service_name: serviceNameSchema,
        percent: wholeNumber.min(-1, 'must be -1 to 100').max(100, 'must be -1 to 100'),
        numa_node: noNode,
        pool,
        preemption_policy: policy,
        placement: placementSchema,
      })
      .transform((wire) => ({
        action: wire.action,
        percent: wire.percent,
        ...cpuRequestOf(wire),
      })),
  ],
  [
    'allocate_numa_cores',
    z
      .object({
        action: z.literal('allocate_numa_cores'),
        ...changeOptions,
        service_name: serviceNameSchema,
        numa_node: nodeId,
        num_of_cores: releaseOrSome,
        pool,
        preemption_policy: policy,
        placement: oneNodePlacementSchema,
      })
      .transform((wire) => ({
        action: wire.action,
        nodeId: wire.numa_node,
        cpuCount: wire.num_of_cores,
        ...cpuRequestOf(wire),
      })),
  ],
  [
    'allocate_hugepages',
    z
      .object({
        action: z.literal('allocate_hugepages'),
        ...changeOptions,
        service_name: serviceNameSchema,
        hugepages_requested: releaseOrSome,
        node_id: nodeId,
        size_kb: wholeNumber.min(1, 'must be more than 0'),
      })
      .transform((wire) => ({
        action: wire.action,
        serviceName: wire.service_name,
        pageCount: wire.hugepages_requested,
        nodeId: wire.node_id,
        sizeKb: wire.size_kb,
        ...changeOf(wire),
      })),
  ],
] as const satisfies readonly (readonly [ClaimRequest['action'], z.ZodType<ClaimRequest>])[];

/** The actions that may change what a service holds. */
export const CLAIM_ACTIONS = [
  'allocate_cores',
  'allocate_cores_percent',
  'allocate_numa_cores',
  'allocate_hugepages',
] as const satisfies readonly ClaimRequest['action'][];

/** Whether it asks for something, rather than giving back. */
export function isGrant(request: ClaimRequest): boolean {
  switch (request.action) {
    case 'allocate_cores':
      return request.cpuCount >= 0;
    case 'allocate_cores_percent':
      return request.percent > 0;
    case 'allocate_numa_cores':
      return request.cpuCount > 0;
    case 'allocate_hugepages':
      return request.pageCount > 0;
  }
}
