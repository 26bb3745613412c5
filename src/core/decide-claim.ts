/** The changes that one service asks for: whether it may, what it gets, and if nothing, why. */

import { type ClaimRequest, isGrant } from '../protocol/claim-request.js';
import { isRefusal, refusal } from '../protocol/error-codes.js';
import type { ClaimReply } from '../protocol/reply.js';
import type { Caller } from './caller.js';
import { decideCores, decideCoresPercent } from './decide-cores.js';
import { decideHugepages } from './decide-hugepages.js';
import { decideNumaCores } from './decide-numa.js';
import { explain } from './explain.js';
import type { SysfsProblem } from './machine.js';
import { findRule } from './permission.js';
import type { Decision, Plan } from './plan.js';
import { checkPlan } from './quotas.js';
import type { View } from './view.js';

/** Decides a change of one service; what is refused for lack of room says what there is. */
export function decideClaim(
  view: View,
  request: ClaimRequest,
  caller: Caller,
  problem: SysfsProblem | null,
): Decision<ClaimReply> {
  const judge = (asked: ClaimRequest) => judgeClaim(view, asked, caller, problem);
  const decision = judge(request);
  if (!isRefusal(decision)) return decision;
  return explain(view, request, decision, (other) => !isRefusal(judge(other)));
}

function judgeClaim(
  view: View,
  request: ClaimRequest,
  caller: Caller,
  problem: SysfsProblem | null,
): Decision<ClaimReply> {
  const rule = findRule(view, request, caller);
  if (rule !== null && isRefusal(rule)) return rule;
  if (problem !== null && isGrant(request)) {
    return refusal(
      'INTERNAL',
      `Nothing can be granted while the machine cannot be read: ${problem.path}: ${problem.reason}`,
      { path: problem.path, reason: problem.reason },
    );
  }
  const decision = decideWhat(view, request);
  if (isRefusal(decision)) return decision;
  const plan = withOwner(view, request.serviceName, caller, decision);
  return (rule === null ? null : checkPlan({ view, rule, request, plan })) ?? plan;
}

function decideWhat(view: View, request: ClaimRequest): Decision<ClaimReply> {
  switch (request.action) {
    case 'allocate_cores':
      return decideCores(view, request);
    case 'allocate_cores_percent':
      return decideCoresPercent(view, request);
    case 'allocate_numa_cores':
      return decideNumaCores(view, request);
    case 'allocate_hugepages':
      return decideHugepages(view, request);
  }
}

/** Who makes a service's first claim owns it. */
function withOwner<R extends ClaimReply>(
  view: View,
  serviceName: string,
  caller: Caller,
  plan: Plan<R>,
): Plan<R> {
  const isFirst = !view.holdings.holdsAnything(serviceName);
  if (!isFirst || !plan.holdings.holdsAnything(serviceName)) return plan;
  const { uid, gid, label } = caller;
  return { ...plan, holdings: plan.holdings.withOwner(serviceName, { uid, gid, label }) };
}
