/**
 * The decision: what is known and who holds what, and a request, give a plan or a refusal. Pure:
 * no clock, no input or output, and the same arguments give the same outcome.
 */

import { isRefusal } from '../protocol/error-codes.js';
import type { ChangingReply } from '../protocol/reply.js';
import {
  type ChangingRequest,
  type DaemonRequest,
  isAboutDaemon,
  isChanging,
  isStream,
  type Request,
  type StreamRequest,
} from '../protocol/request.js';
import type { Caller } from './caller.js';
import { decideClaim } from './decide-claim.js';
import { decideTogether } from './decide-together.js';
import { decideList, decideMemoryInfo, decideTopology } from './describe.js';
import { invariant } from './invariant.js';
import type { SysfsProblem } from './machine.js';
import { type Decision, onlyTried } from './plan.js';
import { findRepeat, rememberReply } from './repeats.js';
import type { View } from './view.js';

/** A request about the machine and its claims; what is about the daemon itself is not one. */
export type MachineRequest = Exclude<Request, DaemonRequest | StreamRequest>;

/** Tells a request about the machine from any other. */
export function isAboutMachine(request: Request): request is MachineRequest {
  return !isAboutDaemon(request) && !isStream(request);
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
  if (isChanging(request)) {
    invariant(caller !== null, 'nobody asks for a change');
    return decideChange(view, request, caller, problem);
  }
  switch (request.action) {
    case 'list_allocations':
      return decideList(view, request);
    case 'get_memory_info':
      return decideMemoryInfo(view, request);
    case 'get_topology':
      return decideTopology(view, problem);
  }
}

function decideChange(
  view: View,
  request: ChangingRequest,
  caller: Caller,
  problem: SysfsProblem | null,
): Decision {
  const repeat = findRepeat(view, request, caller);
  if (repeat !== null && isRefusal(repeat)) return repeat;
  const decision = repeat ?? decideAnew(view, request, caller, problem);
  if (isRefusal(decision)) return decision;
  if (request.isDryRun) return onlyTried(decision, view.holdings);
  return repeat === null ? rememberReply(decision, request, caller) : decision;
}

function decideAnew(
  view: View,
  request: ChangingRequest,
  caller: Caller,
  problem: SysfsProblem | null,
): Decision<ChangingReply> {
  return request.action === 'transact'
    ? decideTogether(view, request, caller, problem)
    : decideClaim(view, request, caller, problem);
}
