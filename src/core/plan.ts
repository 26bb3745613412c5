/** What a decision comes to: a plan that changes who holds what, or a refusal. */

import type { Refusal } from '../protocol/error-codes.js';
import type { ChangingReply, ClaimReply, Preemption, Reply } from '../protocol/reply.js';
import type { ClaimChange, Holdings, PageRecord } from './holdings.js';

/** A granted request. A plan without changes only answers. */
export interface Plan<R extends Reply = Reply> {
  readonly reply: R;
  /** Services whose claims change: those that ask, and those they take from. */
  readonly claimChanges: readonly ClaimChange[];
  /** Page records that change; a `pageCount` of 0 forgets the record. */
  readonly pageChanges: readonly PageRecord[];
  /** Who holds what once the plan is carried out. */
  readonly holdings: Holdings;
  /** What it is made of, in order, where a request has several steps. */
  readonly steps?: readonly PlanStep[];
  /** The holdings remember its reply, whether or not anything else changes. */
  readonly remembersReply?: true;
  /** It only says what would be, and something would change. */
  readonly wouldChange?: true;
}

/** One change among several that happen together. */
export interface PlanStep {
  /** The service that asks for it. */
  readonly serviceName: string;
  /** Who holds what just before it. */
  readonly before: Holdings;
  readonly plan: Plan<ClaimReply>;
}

/** The outcome of a request. */
export type Decision<R extends Reply = Reply> = Plan<R> | Refusal;

/** A plan that answers and changes nothing. */
export function answer<R extends Reply>(reply: R, holdings: Holdings): Plan<R> {
  return { reply, claimChanges: [], pageChanges: [], holdings };
}

/** Whether carrying the plan out changes anything that is stored. */
export function changesAnything(plan: Plan): boolean {
  return changesRecords(plan) || plan.remembersReply === true;
}

/** Whether carrying the plan out changes who holds what. */
export function changesRecords(plan: Plan): boolean {
  return plan.claimChanges.length > 0 || plan.pageChanges.length > 0;
}

/** The plan as it would be: it changes nothing, and its reply says so, and who would lose what. */
export function onlyTried(plan: Plan<ChangingReply>, before: Holdings): Plan {
  const { reply } = plan;
  const tried = { ...reply, preempted: preemptedBy(reply), dry_run: true as const };
  return { ...answer(tried, before), ...(changesAnything(plan) ? { wouldChange: true } : {}) };
}

/** Who loses which CPUs to a granted request; of several steps, one after the other. */
function preemptedBy(reply: ChangingReply): readonly Preemption[] {
  if ('results' in reply) return reply.results.flatMap(preemptedBy);
  return reply.preempted ?? [];
}
