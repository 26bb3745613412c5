/**
 * The requests of the socket: their shape on the wire, and what they become once parsed.
 * Everything a peer sends passes {@link parseRequest} once; behind it, types are trusted.
 */

import * as z from 'zod';
import {
  type ChangeOptions,
  CLAIM_ACTIONS,
  CLAIM_REQUESTS,
  type ClaimRequest,
  changeOf,
  changeOptions,
} from './claim-request.js';
import { type Refusal, refusal } from './error-codes.js';
import { missingOr, type PoolName, pool, serviceNameSchema } from './wire-fields.js';

/** The version of the wire contract; the only one. */
export const PROTOCOL_VERSION = '1.0';

/** Patterns of names in one `watch`; each is held against each change. */
export const WATCHED_NAMES_MAX = 64;

/** Steps of one transaction. DPDK's control and data path on four nodes are about twelve. */
export const STEPS_MAX = 64;

/** Several changes, all or none. */
export interface TransactRequest extends ChangeOptions {
  readonly action: 'transact';
  /** In the order in which they are decided; at least one. */
  readonly steps: readonly ClaimRequest[];
}

/** A request that may change who holds what. */
export type ChangingRequest = ClaimRequest | TransactRequest;

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

export interface GetMetricsRequest {
  readonly action: 'get_metrics';
}

export interface WatchRequest {
  readonly action: 'watch';
  /** Patterns of the names of services to tell of; `null` = of all. */
  readonly services: readonly string[] | null;
}

export interface InspectRequest {
  readonly action: 'inspect';
}

/** A request about the daemon itself. */
export type DaemonRequest = GetStatusRequest | GetMetricsRequest;

/** A request that is answered by lines without an end. */
export type StreamRequest = WatchRequest | InspectRequest;

/** Any request, parsed. */
export type Request =
  | ChangingRequest
  | ListAllocationsRequest
  | GetMemoryInfoRequest
  | GetTopologyRequest
  | DaemonRequest
  | StreamRequest;

const readerName = z.string('must be a string').nullish();

const stepSchema = z.discriminatedUnion(
  'action',
  [CLAIM_REQUESTS[0][1], CLAIM_REQUESTS[1][1], CLAIM_REQUESTS[2][1], CLAIM_REQUESTS[3][1]],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? `must be one of ${CLAIM_ACTIONS.map(shown).join(', ')}`
        : 'must be an object',
  },
);

/** What concerns the whole transaction cannot be said of a step. */
function refuseOptions({ value, issues }: z.core.ParsePayload<readonly ClaimRequest[]>): void {
  for (const [index, step] of value.entries()) {
    const isWrong = { dry_run: step.isDryRun, request_id: step.requestId !== null };
    for (const [field, said] of Object.entries(isWrong)) {
      if (!said) continue;
      const message = 'belongs to the whole transaction, beside `steps`';
      issues.push({ code: 'custom', input: value, path: [index, field], message });
    }
  }
}

/** The schema of each request by its action: what it takes in is the wire's, what it gives is ours. */
const REQUESTS = [
  ...CLAIM_REQUESTS,
  [
    'transact',
    z
      .object({
        ...changeOptions,
        service_name: readerName,
        steps: z
          .array(stepSchema, { error: (issue) => missingOr(issue.input, 'must be a list') })
          .min(1, 'must have at least one step')
          .max(STEPS_MAX, `must have at most ${STEPS_MAX} steps`)
          .check(refuseOptions),
      })
      .transform((wire) => ({
        action: 'transact' as const,
        ...changeOf(wire),
        steps: wire.steps,
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
    'get_metrics',
    z.object({ service_name: readerName }).transform(() => ({ action: 'get_metrics' as const })),
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
export type WireFields<A extends Request['action']> = Omit<
  z.input<Extract<(typeof REQUESTS)[number], readonly [A, unknown]>[1]>,
  'action'
>;

/** The schema of each request as it comes over the wire. */
export const REQUEST_SCHEMAS: ReadonlyMap<string, z.ZodType<Request>> = new Map<
  string,
  z.ZodType<Request>
>(REQUESTS);

/** The actions this daemon knows. */
export const ACTIONS: readonly string[] = [...REQUEST_SCHEMAS.keys()];

/** Tells a request that may change what a service holds from one that only looks. */
export function isChanging(request: Request): request is ChangingRequest {
  return 'isDryRun' in request;
}

/** The changes that a request asks for, in order; none where it only looks. */
export function claimRequestsOf(request: Request): readonly ClaimRequest[] {
  if (!isChanging(request)) return [];
  return request.action === 'transact' ? request.steps : [request];
}

/** The actions that are answered by lines without an end. */
export const STREAM_ACTIONS = ['watch', 'inspect'] as const satisfies readonly StreamAction[];
export type StreamAction = StreamRequest['action'];

/** Tells a request that is answered by lines without an end from one that has a reply. */
export function isStream(request: Request): request is StreamRequest {
  return STREAM_ACTIONS.some((action) => action === request.action);
}

/** Tells a request about the daemon itself from one about the machine. */
export function isAboutDaemon(request: Request): request is DaemonRequest {
  return request.action === 'get_status' || request.action === 'get_metrics';
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
  const field = fieldOf(issue?.path ?? []);
  return refusal('INVALID_REQUEST', `Invalid request: ${field} ${sentence(issue)}`, { field });
}

/** Where a field is, as one writes it: `steps[1].num_of_cores`. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join('');
}

function sentence(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_value')
    return `must be one of ${issue.values.map(shown).join(', ')}`;
  return issue?.message ?? 'is invalid';
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
