/**
 * `transact`: several changes that happen together or not at all. Each is decided on what the ones
 * before it leave, and all become one plan.
 */

import { isRefusal, type Refusal } from '../protocol/error-codes.js';
import type { TransactReply } from '../protocol/reply.js';
import { PROTOCOL_VERSION, type TransactRequest } from '../protocol/request.js';
import type { Caller } from './caller.js';
import { realChanges } from './claim-changes.js';
import { decideClaim } from './decide-claim.js';
import type { Holdings, PageRecord } from './holdings.js';
import type { SysfsProblem } from './machine.js';
import { changesRecords, type Decision, type PlanStep } from './plan.js';
import { type View, withHoldings } from './view.js';

/**
 * Decides `transact`.
 *
 * @returns one plan, or the refusal of the first step that cannot be granted, with `details.step`:
 * its index in `steps`
 */
export function decideTogether(
  view: View,
  request: TransactRequest,
  caller: Caller,
  problem: SysfsProblem | null,
): Decision<TransactReply> {
  const steps: PlanStep[] = [];
  let { holdings } = view;
  for (const [index, step] of request.steps.entries()) {
    const plan = decideClaim(withHoldings(view, holdings), step, caller, problem);
    if (isRefusal(plan)) return ofStep(index, step.action, step.serviceName, plan);
    steps.push({ serviceName: step.serviceName, before: holdings, plan });
    holdings = plan.holdings;
  }
  const claimChanges = claimsChangedBy(steps, view.holdings, holdings);
  const pageChanges = pagesChangedBy(steps, view.holdings);
  const plan = {
    reply: { version: PROTOCOL_VERSION, results: steps.map((step) => step.plan.reply) } as const,
    claimChanges,
    pageChanges,
    holdings,
    steps,
  };
  // What is undone by a later step was never there.
  return changesRecords(plan) ? plan : { ...plan, holdings: view.holdings, steps: [] };
}

function ofStep(
  index: number,
  action: string,
  serviceName: string,
  { code, message, details }: Refusal,
): Refusal {
  return {
    code,
    message: `steps[${index}], ${action} for ${serviceName}: ${message}`,
    details: { ...details, step: index },
  };
}

/** What all steps together make of each service's claim. */
function claimsChangedBy(steps: readonly PlanStep[], before: Holdings, after: Holdings) {
  const names = new Set(
    steps.flatMap(({ plan }) => plan.claimChanges.map((change) => change.serviceName)),
  );
  const changes = [...names].map((serviceName) => ({
    serviceName,
    claim: after.claims.get(serviceName),
  }));
  return realChanges(before, changes);
}

/** What all steps together make of each record of pages. */
function pagesChangedBy(steps: readonly PlanStep[], before: Holdings): PageRecord[] {
  const last = new Map<string, PageRecord>();
  for (const { plan } of steps) {
    for (const record of plan.pageChanges) {
      last.set(JSON.stringify([record.serviceName, record.nodeId, record.sizeKb]), record);
    }
  }
  return [...last.values()].filter(
    ({ serviceName, nodeId, sizeKb, pageCount }) =>
      pageCount !== (before.pagesOf(nodeId).get(serviceName)?.get(sizeKb) ?? 0),
  );
}
