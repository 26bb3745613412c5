/** The replies of the socket, as they stand on the wire. Field by field in `docs/protocol.md`. */

import type * as z from 'zod';
import type { ClaimRequest } from './claim-request.js';
import type { Refusal } from './error-codes.js';
import type {
  errorReplySchema,
  listedAllocation,
  nodeMemory,
  placed,
  poolCpus,
  preemption,
  REPLY_SCHEMAS,
  storeStatus,
  sysfsTrouble,
  topologyNode,
} from './reply-schemas.js';
import { PROTOCOL_VERSION } from './request.js';

/** A type whose values are only looked at, however deep. */
export type Seen<T> = T extends (infer Item)[]
  ? readonly Seen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Seen<T[Key]> }
    : T;

/** The reply to each action. */
export type Replies = {
  readonly [Action in keyof typeof REPLY_SCHEMAS]: Seen<z.output<(typeof REPLY_SCHEMAS)[Action]>>;
};

/** What a service lost to another one by force. */
export type Preemption = Seen<z.output<typeof preemption>>;
/** Where the CPUs of a grant are, for a request that said where it wants them. */
export type Placed = Seen<z.output<typeof placed>>;
export type ListedAllocation = Seen<z.output<typeof listedAllocation>>;
export type NodeMemory = Seen<z.output<typeof nodeMemory>>;
export type TopologyNode = Seen<z.output<typeof topologyNode>>;
/** The CPUs of a pool, as lists. */
export type PoolCpus = Seen<z.output<typeof poolCpus>>;
/** Why the machine cannot be read, so that what is said of it is what was known before. */
export type SysfsTrouble = Seen<z.output<typeof sysfsTrouble>>;
/** What is on disk, and whether more can be put there. */
export type StoreStatus = Seen<z.output<typeof storeStatus>>;

/** The reply to a change of one service. */
export type ClaimReply = Replies[ClaimRequest['action']];
export type TransactReply = Replies['transact'];
/** The reply to a change. */
export type ChangingReply = ClaimReply | TransactReply;

export type ListAllocationsReply = Replies['list_allocations'];
export type GetMemoryInfoReply = Replies['get_memory_info'];
export type GetTopologyReply = Replies['get_topology'];
export type GetStatusReply = Replies['get_status'];
export type GetMetricsReply = Replies['get_metrics'];

/** What goes back when a request is not granted. */
export type ErrorReply = Readonly<z.output<typeof errorReplySchema>>;

/** A reply to a request that was granted. */
export type Reply = Replies[keyof Replies];

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
  'placement',
  'topology',
  'status',
];

/** The wire form of a refusal. Clients of old test for the presence of `error`. */
export function errorReply({ code, message, details }: Refusal): ErrorReply {
  const reply = { version: PROTOCOL_VERSION, error: message, code } as const;
  return details === undefined ? reply : { ...reply, details };
}
