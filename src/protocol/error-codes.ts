/**
 * Every way in which the daemon says no: the closed list of codes, and the shape of a refusal.
 * `docs/operations.md` says what each code asks of the operator.
 */

/** Code → what it means to the caller. The list is closed: clients may rely on it. */
export const ERROR_CODES = {
  INVALID_REQUEST: 'The request is not one JSON object of the documented shape.',
  UNKNOWN_ACTION: 'The `action` is none that this daemon knows.',
  UNSUPPORTED_VERSION: 'The `version` is not "1.0".',
  REQUEST_TOO_LARGE: 'The request is longer than the limit.',
  REQUEST_TIMEOUT: 'The request was not complete in time.',
  BUSY: 'Too many connections or requests wait already; try again.',
  POOL_NOT_CONFIGURED: 'The general pool has no CPU list on this host.',
  POOL_CONFLICT: 'The service holds CPUs of the other pool.',
  POOL_INCONSISTENT: 'Recorded claims lie outside the configured CPUs of the pool.',
  POLICY_CONFLICT: 'The service is non-preemptive and cannot become legacy while it holds CPUs.',
  CPUS_UNAVAILABLE: 'The service holds CPUs that are offline or left the pool.',
  NO_CPUS_AVAILABLE: 'The pool (or the node) has no eligible CPU at all.',
  INSUFFICIENT_CPUS: 'Fewer CPUs can be had than were asked for.',
  NUMA_NODE_NOT_FOUND: 'There is no such NUMA node.',
  HUGEPAGE_SIZE_NOT_FOUND: 'The node has no hugepages of that size.',
  INSUFFICIENT_HUGEPAGES: 'The node has fewer free hugepages than the record would add.',
  STORAGE_FAILED: 'The change could not be stored durably and was undone.',
  READ_ONLY: 'The state cannot be stored at present; only reading is possible.',
  NOT_PERMITTED: 'The caller may not do that.',
  INTERNAL: 'The daemon could not do its work, through no fault of the caller.',
} as const;

/** One of the codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** A value as JSON knows it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** What a program can act on beside the sentence; documented per code in `docs/protocol.md`. */
export interface ErrorDetails {
  readonly [key: string]: JsonValue | undefined;
}

/** A request that is not granted. Returned, never thrown: a refusal is an expected answer. */
export interface Refusal {
  readonly code: ErrorCode;
  /** One sentence for the person who meets it. Clients of old look for parts of some of them. */
  readonly message: string;
  readonly details?: ErrorDetails;
}

/** Makes a {@link Refusal}. */
export function refusal(code: ErrorCode, message: string, details?: ErrorDetails): Refusal {
  return details === undefined ? { code, message } : { code, message, details };
}

/** Tells a refusal from any other result. */
export function isRefusal(value: object): value is Refusal {
  return 'code' in value && 'message' in value;
}
