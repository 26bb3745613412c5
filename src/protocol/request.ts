/**
 * The requests of the socket: their shape on the wire, and what they become once parsed.
 * Everything a peer sends passes {@link parseRequest} once; behind it, types are trusted.
 */

import { z } from 'zod';
import { type Refusal, refusal } from './error-codes.js';

/** The version of the wire contract; the only one. */
export const PROTOCOL_VERSION = '1.0';

/** The two pools of CPUs. */
export const poolNameSchema = z.enum(['isolated', 'general']);
export type PoolName = z.infer<typeof poolNameSchema>;

/** Whether others may take a service's ordinary claims by force (`legacy`) or not. */
export const policySchema = z.enum(['legacy', 'non-preemptive']);
export type Policy = z.infer<typeof policySchema>;

/** Longest service name, in bytes of UTF-8. */
export const SERVICE_NAME_MAX_BYTES = 128;

/** Patterns of names in one `watch`; each is held against each change. */
export const WATCHED_NAMES_MAX = 64;

/** The name of a service that holds, or wants to hold, something. */
export const serviceNameSchema = z
  .string({ error: (issue) => missingOr(issue.input, 'must be a string') })
  .refine((name) => name.length > 0, 'must not be empty')
  .refine(
    (name) => Buffer.byteLength(name) <= SERVICE_NAME_MAX_BYTES,
    `must have at most ${SERVICE_NAME_MAX_BYTES} bytes`,
  )
  .refine((name) => name.isWellFormed(), 'must be well-formed Unicode')
  .refine((name) => !/\p{Cc}/u.test(name), 'must not contain control characters');

/** A CPU request of any kind has these. `policy` is `null` where none was named. */
interface CpuRequest {
  readonly serviceName: string;
  readonly pool: PoolName;
  readonly policy: Policy | null;
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

export interface AllocateHugepagesRequest {
  readonly action: 'allocate_hugepages';
  readonly serviceName: string;
  readonly nodeId: number;
  readonly sizeKb: number;
  /** Pages to record; -1 = forget the record. */
  readonly pageCount: number;
}

export interface ListAllocationsRequest {
  readonly action: 'list_allocations';
  readonly pool: PoolName;
}

export interface GetMemoryInfoRequest {
  readonly action: 'get_memory_info';
  /** Only echoed. */
  readonly serviceName: string;
}

export interface GetTopologyRequest {
  readonly action: 'get_topology';
}

export interface GetStatusRequest {
  readonly action: 'get_status';
}

export interface WatchRequest {
  readonly action: 'watch';
  /** Patterns of the names of services to tell of; `null` = of all. */
  readonly services: readonly string[] | null;
}

export interface InspectRequest {
  readonly action: 'inspect';
}

/** A request that is answered by lines without an end. */
export type StreamRequest = WatchRequest | InspectRequest;

/** A request that may change who holds what. */
export type ClaimRequest =
  | AllocateCoresRequest
  | AllocateCoresPercentRequest
  | AllocateNumaCoresRequest
  | AllocateHugepagesRequest;

/** Any request, parsed. */
export type Request =
  | ClaimRequest
  | ListAllocationsRequest
  | GetMemoryInfoRequest
  | GetTopologyRequest
  | GetStatusRequest
  | StreamRequest;

const wholeNumber = z.int({ error: (issue) => missingOr(issue.input, 'must be a whole number') });
const nodeId = wholeNumber.min(0, 'must be 0 or more');
const pool = poolNameSchema.default('isolated');
const policy = policySchema.nullish().transform((value) => value ?? null);
const readerName = z.string('must be a string').nullish();
const noNode = z.null({ error: 'must be null here: use allocate_numa_cores' }).optional();
const releaseOrMore = wholeNumber.min(-1, 'must be -1 (release) or more');
const releaseOrSome = releaseOrMore.refine(
  (count) => count !== 0,
  'must be -1 (release), or 1 or more',
);

/** The schema of each request by its action: what it takes in is the wire's, what it gives is ours. */
const REQUESTS = [
  [
    'allocate_cores',
    z
      .object({
        service_name: serviceNameSchema,
        num_of_cores: releaseOrMore.default(0),
        numa_node: noNode,
        pool,
        preemption_policy: policy,
      })
      .transform((wire) => ({
        action: 'allocate_cores' as const,
        serviceName: wire.service_name,
        cpuCount: wire.num_of_cores,
        pool: wire.pool,
        policy: wire.preemption_policy,
      })),
  ],
  [
    'allocate_cores_percent',
    z
      .object({
        service_name: serviceNameSchema,
        percent: wholeNumber.min(-1, 'must be -1 to 100').max(100, 'must be -1 to 100'),
        numa_node: noNode,
        pool,
        preemption_policy: policy,
      })
      .transform((wire) => ({
        action: 'allocate_cores_percent' as const,
        serviceName: wire.service_name,
        percent: wire.percent,
        pool: wire.pool,
        policy: wire.preemption_policy,
      })),
  ],
  [
    'allocate_numa_cores',
    z
      .object({
        service_name: serviceNameSchema,
        numa_node: nodeId,
        num_of_cores: releaseOrSome,
        pool,
        preemption_policy: policy,
      })
      .transform((wire) => ({
        action: 'allocate_numa_cores' as const,
        serviceName: wire.service_name,
        nodeId: wire.numa_node,
        cpuCount: wire.num_of_cores,
        pool: wire.pool,
        policy: wire.preemption_policy,
      })),
  ],
  [
    'allocate_hugepages',
    z
      .object({
        service_name: serviceNameSchema,
        hugepages_requested: releaseOrSome,
        node_id: nodeId,
        size_kb: wholeNumber.min(1, 'must be more than 0'),
      })
      .transform((wire) => ({
        action: 'allocate_hugepages' as const,
        serviceName: wire.service_name,
        pageCount: wire.hugepages_requested,
        nodeId: wire.node_id,
        sizeKb: wire.size_kb,
      })),
  ],
  [
    'list_allocations',
    z
      .object({ service_name: readerName, pool })
      .transform((wire) => ({ action: 'list_allocations' as const, pool: wire.pool })),
  ],
  [
    'get_memory_info',
    z.object({ service_name: readerName }).transform((wire) => ({
      action: 'get_memory_info' as const,
      serviceName: wire.service_name ?? '',
    })),
  ],
  [
    'get_topology',
    z.object({ service_name: readerName }).transform(() => ({ action: 'get_topology' as const })),
  ],
  [
    'get_status',
    z.object({ service_name: readerName }).transform(() => ({ action: 'get_status' as const })),
  ],
  [
    'watch',
    z
      .object({
        service_name: readerName,
        services: z
          .array(serviceNameSchema, { error: 'must be a list of names' })
          .min(1, 'must have at least one name')
          .max(WATCHED_NAMES_MAX, `must have at most ${WATCHED_NAMES_MAX} names`)
          .nullish(),
      })
      .transform((wire) => ({ action: 'watch' as const, services: wire.services ?? null })),
  ],
  [
    'inspect',
    z.object({ service_name: readerName }).transform(() => ({ action: 'inspect' as const })),
  ],
] as const satisfies readonly (readonly [Request['action'], z.ZodType<Request>])[];

/** A request's fields on the wire, beside `version` and `action`. */
export type WireFields<A extends Request['action']> = z.input<
  Extract<(typeof REQUESTS)[number], readonly [A, unknown]>[1]
>;

/** The schema of each request as it comes over the wire. */
export const REQUEST_SCHEMAS: ReadonlyMap<string, z.ZodType<Request>> = new Map<
  string,
  z.ZodType<Request>
>(REQUESTS);

/** The actions this daemon knows. */
export const ACTIONS: readonly string[] = [...REQUEST_SCHEMAS.keys()];

/** The actions that may change what a service holds. */
export const CLAIM_ACTIONS = [
  'allocate_cores',
  'allocate_cores_percent',
  'allocate_numa_cores',
  'allocate_hugepages',
] as const satisfies readonly ClaimRequest['action'][];

/** Tells a request that may change what a service holds from one that only looks. */
export function isChanging(request: Request): request is ClaimRequest {
  return CLAIM_ACTIONS.some((action) => action === request.action);
}

/** The actions that are answered by lines without an end. */
export const STREAM_ACTIONS = ['watch', 'inspect'] as const satisfies readonly StreamAction[];
export type StreamAction = StreamRequest['action'];

/** Tells a request that is answered by lines without an end from one that has a reply. */
export function isStream(request: Request): request is StreamRequest {
  return STREAM_ACTIONS.some((action) => action === request.action);
}

/** Whether a request asks for something, rather than giving back or looking. */
export function isGrant(request: Request): boolean {
  switch (request.action) {
    case 'allocate_cores':
      return request.cpuCount >= 0;
    case 'allocate_cores_percent':
      return request.percent > 0;
    case 'allocate_numa_cores':
      return request.cpuCount > 0;
    case 'allocate_hugepages':
      return request.pageCount > 0;
    default:
      return false;
  }
}

/**
 * Turns the JSON object of a peer into a request.
 *
 * @returns the request, or a refusal with `UNSUPPORTED_VERSION`, `UNKNOWN_ACTION` or
 * `INVALID_REQUEST`; `details.field` of the last names the field
 */
export function parseRequest(wire: Readonly<Record<string, unknown>>): Request | Refusal {
  const { version = PROTOCOL_VERSION, action } = wire;
  if (version !== PROTOCOL_VERSION) {
    return refusal(
      'UNSUPPORTED_VERSION',
      `Unsupported version ${shown(version)}: this daemon speaks "${PROTOCOL_VERSION}"`,
    );
  }
  if (typeof action !== 'string') {
    return refusal(
      'INVALID_REQUEST',
      `Invalid request: action ${missingOr(action, 'must be a string')}`,
      { field: 'action' },
    );
  }
  const schema = REQUEST_SCHEMAS.get(action);
  if (schema === undefined) {
    return refusal(
      'UNKNOWN_ACTION',
      `Unknown action ${shown(action)}; known are ${ACTIONS.join(', ')}`,
    );
  }
  const parsed = schema.safeParse(wire);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? '');
  return refusal('INVALID_REQUEST', `Invalid request: ${field} ${sentence(issue)}`, { field });
}

function sentence(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_value')
    return `must be one of ${issue.values.map(shown).join(', ')}`;
  return issue?.message ?? 'is invalid';
}

/** What is wrong with a value that has the wrong type, or is not there. */
export function missingOr(input: unknown, otherwise: string): string {
  return input === undefined ? 'is missing' : otherwise;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
