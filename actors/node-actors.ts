/**
 * How the coordinator deals with its node actors: what they own, and whether all of them can
 * before any of them is told.
 */

import type { ActorRefFrom, ActorSystem, ActorSystemInfo } from 'xstate';
import type { Ticket } from '../src/core/coordination.js';
import { decide } from '../src/core/decide.js';
import { changesAnything, type Decision, type Plan } from '../src/core/plan.js';
import { messageOf } from '../src/core/quoting.js';
import { type NodeChange, type NodeSlice, nodeChanges } from '../src/core/slices.js';
import { isRefusal, type Refusal, refusal } from '../src/protocol/error-codes.js';
import type { Reply } from '../src/protocol/reply.js';
import type { CoordinatorContext } from './coordinator-events.js';
import { nodeActorId, type numaNodeMachine } from './numa-node.js';
import { describeProblem, type StoreProblem } from './store.js';

type System = ActorSystem<ActorSystemInfo>;

/** What comes of a request: a reply at once, or a plan that every node involved can carry out. */
export type TicketOutcome =
  | { readonly reply: Reply | Refusal; readonly bug?: string }
  | { readonly plan: Plan; readonly changes: readonly NodeChange[] };

/** Decides a request on what the coordinator knows. `bug` = a node refused a decided plan. */
export function decideTicket(
  context: CoordinatorContext,
  { request, caller }: Ticket,
  system: System,
): TicketOutcome {
  const { view, sysfsProblem, storeProblem } = context;
  let decision: Decision;
  try {
    decision = decide(view, request, caller, sysfsProblem);
  } catch (error) {
    // Nothing that a peer sends may stop the daemon; deciding is pure, so nothing has changed.
    return bugReply(messageOf(error));
  }
  if (isRefusal(decision)) return { reply: decision };
  const isChange = changesAnything(decision);
  if (storeProblem !== null && (isChange || decision.wouldChange)) {
    return { reply: readOnly(storeProblem) };
  }
  if (!isChange) return { reply: decision.reply };
  const changes = nodeChanges(view, decision);
  const unwilling = changes.find(
    (change) =>
      findNodeActor(system, change.nodeId)?.getSnapshot().can({ type: 'APPLY', change }) !== true,
  );
  if (unwilling === undefined) return { plan: decision, changes };
  return bugReply(`internal: ${nodeActorId(unwilling.nodeId)} refuses a decided plan`);
}

/** What the living node actors own. */
export function ownedSlices(nodeIds: readonly number[], system: System): Map<number, NodeSlice> {
  const slices = new Map<number, NodeSlice>();
  for (const nodeId of nodeIds) {
    const snapshot = findNodeActor(system, nodeId)?.getSnapshot();
    if (snapshot?.status === 'active') slices.set(nodeId, snapshot.context.slice);
  }
  return slices;
}

/** The living actor of a node, or `undefined` when it ended, failed or never was. */
function findNodeActor(
  system: System,
  nodeId: number,
): ActorRefFrom<typeof numaNodeMachine> | undefined {
  return system.get(nodeActorId(nodeId));
}

function bugReply(bug: string): TicketOutcome {
  return { reply: refusal('INTERNAL', `${bug}; nothing was changed`), bug };
}

function readOnly(problem: StoreProblem): Refusal {
  const { since, reason } = describeProblem(problem);
  return refusal(
    'READ_ONLY',
    `Nothing can be changed while the state cannot be stored (since ${since}): ${reason}; ` +
      'it is tried again',
    { since, reason },
  );
}
