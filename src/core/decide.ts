/**
 * The decision: what is known and who holds what, and a request, give a plan or a refusal. Pure:
 * no clock, no input or output, and the same arguments give the same outcome.
 */

import { isRefusal, refusal } from '../protocol/error-codes.js';
import {
  type GetStatusRequest,
  isChanging,
  isGrant,
  isStream,
  type Request,
  type StreamRequest,
} from '../protocol/request.js';
import type { Caller } from './caller.js';
import { decideCores, decideCoresPercent } from './decide-cores.js';
import { decideHugepages } from './decide-hugepages.js';
import { decideNumaCores } from './decide-numa.js';
import { decideList, decideMemoryInfo, decideTopology } from './describe.js';
import { invariant } from './invariant.js';
import type { SysfsProblem } from './machine.js';
import { findRule } from './permission.js';
import type { Decision, Plan } from './plan.js';
import { checkPlan } from './quotas.js';
import type { View } from './view.js';

/** A request about the machine and its claims; what is about the daemon itself is not one. */
export type MachineRequest = Exclude<Request, GetStatusRequest | StreamRequest>;

/** Tells a request about the machine from one about the daemon. */
export function isAboutMachine(request: Request): request is MachineRequest {
  return request.action !== 'get_status' && !isStream(request);
}

/**
 * Decides a request.
 *
 * @param caller who asks for a change; `null` where the request only looks. What is not the caller's
 * to change, or not allowed by the policy, is refused with `NOT_PERMITTED` before anything else; what
 * would exceed a quota, when all else is well.
 * @param problem why the machine could not be read after the request arrived, or `null`. Then
 * nothing is granted (`INTERNAL`, with the path), because what is granted must be there; listing
 * and releasing go on with what was known before.
 */
export function decide(
  view: View,
  request: MachineRequest,
  caller: Caller | null,
  problem: SysfsProblem | null,
): Decision {
  if (!isChanging(request)) return decideAny(view, request, problem);
  invariant(caller !== null, 'nobody asks for a change');
  const rule = findRule(view, request, caller);
  if (rule !== null && isRefusal(rule)) return rule;
  const decision = decideAny(view, request, problem);
  if (isRefusal(decision)) return decision;
  const plan = withOwner(view, request.serviceName, caller, decision);
  return (rule === null ? null : checkPlan({ view, rule, request, plan })) ?? plan;
}

/** Who makes a service's first claim owns it. */
function withOwner(view: View, serviceName: string, caller: Caller, plan: Plan): Plan {
  const isFirst = !view.holdings.holdsAnything(serviceName);
  if (!isFirst || !plan.holdings.holdsAnything(serviceName)) return plan;
  const { uid, gid, label } = caller;
  return { ...plan, holdings: plan.holdings.withOwner(serviceName, { uid, gid, label }) };
}

function decideAny(view: View, request: MachineRequest, problem: SysfsProblem | null): Decision {
  if (problem !== null && isGrant(request)) {
    return refusal(
      'INTERNAL',
      `Nothing can be granted while the machine cannot be read: ${problem.path}: ${problem.reason}`,
      { path: problem.path, reason: problem.reason },
    );
  }
  switch (request.action) {
    case 'allocate_cores':
      return decideCores(view, request);
    case 'allocate_cores_percent':
      return decideCoresPercent(view, request);
    case 'allocate_numa_cores':
      return decideNumaCores(view, request);
    case 'allocate_hugepages':
      return decideHugepages(view, request);
    case 'list_allocations':
      return decideList(view, request);
    case 'get_memory_info':
      return decideMemoryInfo(view, request);
    case 'get_topology':
      return decideTopology(view, problem);
  }
}
