/** What a decision comes to: a plan that changes who holds what, or a refusal. */

import type { Refusal } from '../protocol/error-codes.js';
import type { Reply } from '../protocol/reply.js';
import type { ClaimChange, Holdings, PageRecord } from './holdings.js';

/** A granted request. A plan without changes only answers. */
export interface Plan {
  readonly reply: Reply;
  /** Services whose claims change: the one that asked, and those it takes from. */
  readonly claimChanges: readonly ClaimChange[];
  /** Page records that change; a `pageCount` of 0 forgets the record. */
  readonly pageChanges: readonly PageRecord[];
  /** Who holds what once the plan is carried out. */
  readonly holdings: Holdings;
}

/** The outcome of a request. */
export type Decision = Plan | Refusal;

/** A plan that answers and changes nothing. */
export function answer(reply: Reply, holdings: Holdings): Plan {
  return { reply, claimChanges: [], pageChanges: [], holdings };
}

/** Whether carrying the plan out changes anything. */
export function changesAnything(plan: Plan): boolean {
  return plan.claimChanges.length > 0 || plan.pageChanges.length > 0;
}
