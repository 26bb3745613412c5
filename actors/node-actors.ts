/**
 * How the coordinator deals with its node actors: what they own, and whether all of them can
 * before any of them is told.
 */

import type { ActorRefFrom, ActorSystem, ActorSystemInfo } from 'xstate';
import type { Change, Ticket, TicketReply } from '../src/core/coordination.js';
import { decide } from '../src/core/decide.js';
import { changesAnything, type Decision, type Plan } from '../src/core/plan.js';
import { messageOf } from '../src/core/quoting.js';
import { ChangesByNode, type NodeChange, type NodeSlice } from '../src/core/slices.js';
import { type View, viewOf, withHoldings } from '../src/core/view.js';
import { isRefusal, type Refusal } from '../src/protocol/error-codes.js';
import type { Reply } from '../src/protocol/reply.js';
import type { CoordinatorContext, CoordinatorEmission } from './coordinator-events.js';
import { nodeActorId, type numaNodeMachine } from './numa-node.js';
import { readOnly, unchanged } from './refusals.js';

type System = ActorSystem<ActorSystemInfo>;

/** What came of a request: a reply alone, or with a plan that is to be carried out. */
export interface DecidedTicket {
  readonly ticket: Ticket;
  readonly reply: Reply | Refusal;
  readonly plan?: Plan;
  /** A node refused a decided plan, or deciding failed. */
  readonly bug?: string;
}

/** What came of some requests. */
export interface DecidedTickets {
  /** In order; each saw what those before it changed. */
  readonly decided: readonly DecidedTicket[];
  /** Those that must be decided one at a time. */
  readonly undecided: readonly Ticket[];
  /** What all of them together change in each node; every node can carry it out. */
  readonly changes: readonly NodeChange[];
  readonly view: View;
}

/** Decides requests on what the coordinator knows, and asks the nodes whether they can follow. */
export function decideTickets(
  context: CoordinatorContext,
  tickets: readonly Ticket[],
  system: System,
): DecidedTickets {
  let { view } = context;
  const decided: DecidedTicket[] = [];
  const changes = new ChangesByNode();
  for (const ticket of tickets) {
    const outcome = decideTicket(context, view, ticket);
    decided.push(outcome);
    if (outcome.plan === undefined) continue;
    changes.add(view, outcome.plan);
    view = withHoldings(view, outcome.plan.holdings);
  }
  const all = changes.all();
  const unwilling = all.find(
    (change) =>
      findNodeActor(system, change.nodeId)?.getSnapshot().can({ type: 'APPLY', change }) !== true,
  );
  if (unwilling === undefined) return { decided, undecided: [], changes: all, view };
  const [first, ...undecided] = tickets;
  if (first !== undefined && undecided.length > 0) {
    return { ...decideTickets(context, [first], system), undecided };
  }
  const bug = `internal: ${nodeActorId(unwilling.nodeId)} refuses a decided plan`;
  const refused = tickets.map((ticket) => ({ ticket, ...bugReply(bug) }));
  return { decided: refused, undecided, changes: [], view: context.view };
}

function decideTicket(
  { sysfsProblem, storeProblem }: CoordinatorContext,
  view: View,
  ticket: Ticket,
): DecidedTicket {
  let decision: Decision;
  try {
    decision = decide(view, ticket.request, ticket.caller, sysfsProblem);
  } catch (error) {
    // Nothing that a peer sends may stop the daemon; deciding is pure, so nothing has changed.
    return { ticket, ...bugReply(messageOf(error)) };
  }
  if (isRefusal(decision)) return { ticket, reply: decision };
  const isChange = changesAnything(decision);
  if (storeProblem !== null && (isChange || decision.wouldChange)) {
    return { ticket, reply: readOnly(storeProblem) };
  }
  if (!isChange) return { ticket, reply: decision.reply };
  return { ticket, reply: decision.reply, plan: decision };
}

/** What decided requests are to the coordinator: who waits for the disk now, and who hears what. */
export function settle(
  { pending: before, revision: known, view }: CoordinatorContext,
  decided: readonly DecidedTicket[],
) {
  const pending = [...before];
  const emissions: CoordinatorEmission[] = [];
  const changes: Change[] = [];
  const replies: TicketReply[] = [];
  let revision = known;
  let { holdings } = view;
  for (const { ticket, reply, plan, bug } of decided) {
    if (bug !== undefined) emissions.push({ type: 'BUG', sentence: bug });
    if (plan !== undefined) {
      revision++;
      const change = { ticket, before: holdings, plan };
      pending.push({ ticket, outcome: reply, revision, change });
      holdings = plan.holdings;
      changes.push(change);
    } else if (pending.length > 0) {
      pending.push({ ticket, outcome: reply, revision, change: null });
    } else {
      replies.push({ ticket, outcome: reply });
    }
  }
  if (changes.length > 0) emissions.push({ type: 'CHANGED', changes });
  if (replies.length > 0) emissions.push({ type: 'REPLIES', replies });
  return { pending, revision, emissions };
}

/** What is left when all changes that are not durable are undone; and whom that concerns. */
export function takenBack({ view, durable, settings, pending }: CoordinatorContext) {
  // A node may have gone for good with the release of its last claim, which is undone now.
  const known = [...view.homes, ...durable.homes];
  const ticketsOf = (isChange: boolean) =>
    pending.filter(({ change }) => (change !== null) === isChange).map(({ ticket }) => ticket);
  return {
    view: viewOf(view.facts, settings, known, durable.holdings, view.devices),
    refused: ticketsOf(true),
    // What only looked saw what is undone now, so it is decided again.
    again: ticketsOf(false),
  };
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

function bugReply(bug: string): Pick<DecidedTicket, 'reply' | 'bug'> {
  return { reply: unchanged(bug), bug };
}
