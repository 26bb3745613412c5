/**
 * The coordinator's bookkeeping as pure functions: which node actors must exist and what they
 * must own, and which replies may leave.
 */

import { isGrant } from '../protocol/claim-request.js';
import type { Refusal } from '../protocol/error-codes.js';
import type { Reply } from '../protocol/reply.js';
import { claimRequestsOf } from '../protocol/request.js';
import type { Caller } from './caller.js';
import { samePart } from './cpu-set.js';
import type { MachineRequest } from './decide.js';
import type { Holdings } from './holdings.js';
import type { PagesOf, Wanted } from './machine.js';
import { claimedCpusOf } from './node-ownership.js';
import type { Plan } from './plan.js';
import { homesInUse, isCurrent, type NodeSlice, sliceOf } from './slices.js';
import type { View } from './view.js';

/** A request on its way. */
export interface Ticket {
  readonly ticketId: number;
  readonly request: MachineRequest;
  /** `null` where the request only looks. */
  readonly caller: Caller | null;
}

/** A request, and what comes back. */
export interface TicketReply {
  readonly ticket: Ticket;
  readonly outcome: Reply | Refusal;
}

/** A decided request whose reply waits until everything it saw is durable. */
export interface PendingReply extends TicketReply {
  /** The revision of the holdings that the reply shows. */
  readonly revision: number;
  /** What the request itself changed, and is not durable yet; `null` = nothing. */
  readonly change: Change | null;
}

/** A plan, and what it was decided upon. */
export interface Change {
  readonly ticket: Ticket;
  readonly before: Holdings;
  readonly plan: Plan;
}

/** Splits off the replies that may leave now that `revision` is durable; order is kept. */
export function dueReplies(pending: readonly PendingReply[], revision: number) {
  return {
    due: pending.filter((reply) => reply.revision <= revision),
    left: pending.filter((reply) => reply.revision > revision),
  };
}

/** What must be known fresh to decide these requests. */
export function wantedFor(tickets: readonly Ticket[]): Wanted {
  return { pagesOf: pagesWanted(tickets), devices: devicesWanted(tickets) };
}

/** Which hugepage counters must be fresh for these requests. */
function pagesWanted(tickets: readonly Ticket[]): PagesOf {
  const nodeIds = new Set<number>();
  for (const { request } of tickets) {
    if (request.action === 'get_memory_info') return 'all';
    for (const claim of claimRequestsOf(request)) {
      if (claim.action === 'allocate_hugepages' && isGrant(claim)) nodeIds.add(claim.nodeId);
    }
  }
  return nodeIds.size === 0 ? 'none' : [...nodeIds];
}

/** Which PCI devices must be looked at for these requests. */
function devicesWanted(tickets: readonly Ticket[]): readonly string[] {
  const addresses = new Set<string>();
  for (const claim of tickets.flatMap(({ request }) => claimRequestsOf(request))) {
    if (!('placement' in claim) || !isGrant(claim)) continue;
    if (claim.placement?.near != null) addresses.add(claim.placement.near);
  }
  return [...addresses];
}

/** Slices that node actors must be told of: made new, or brought in line. */
export interface Reconciliation {
  readonly missing: readonly NodeSlice[];
  readonly changed: readonly NodeSlice[];
}

/**
 * Compares what node actors own with what the view says.
 *
 * @param owned slices of the living node actors, by node id
 * @param isForced also brings claims and records in line, not only the machine's own facts
 */
export function reconcile(
  view: View,
  owned: ReadonlyMap<number, NodeSlice>,
  isForced: boolean,
): Reconciliation {
  const inUse = homesInUse(view);
  const missing = inUse.filter((nodeId) => !owned.has(nodeId));
  const changed = [...owned].filter(([, slice]) => isForced || !isCurrent(view, slice));
  return {
    missing: missing.map((nodeId) => sliceOf(view, nodeId)),
    changed: changed.map(([nodeId]) => sliceOf(view, nodeId)),
  };
}

/** Whether a node actor holds what the coordinator believes it holds. */
export function agrees(view: View, slice: NodeSlice): boolean {
  return (
    samePart(claimedCpusOf(slice.claims), view.holdings.claimedCpus, slice.cpus) &&
    view.holdings.pagesOf(slice.nodeId).size === slice.records.size
  );
}
