/**
 * The decision: what is known and who holds what, and a request, give a plan or a refusal. Pure:
 * no clock, no input or output, and the same arguments give the same outcome.
 */

import { isRefusal, refusal } from '../protocol/error-codes.js';
import { type GetStatusRequest, isChanging, type Request } from '../protocol/request.js';
import { type Caller, checkOwner } from './caller.js';
import { decideCores, decideCoresPercent } from './decide-cores.js';
import { decideHugepages } from './decide-hugepages.js';
import { decideNumaCores } from './decide-numa.js';
import { decideList, decideMemoryInfo, decideTopology } from './describe.js';
import { invariant } from './invariant.js';
import type { SysfsProblem } from './machine.js';
import type { Decision } from './plan.js';
import type { View } from './view.js';

/** A request about the machine and its claims; the daemon's own status is not one. */
export type MachineRequest = Exclude<Request, GetStatusRequest>;

/**
 * Decides a request.
 *
 * @param caller who asks for a change: what others own is refused with `NOT_PERMITTED`, before
 * anything else; `null` where the request only looks
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
  const { holdings } = view;
  if (!isChanging(request)) return decideAny(view, request, problem);
  const { serviceName } = request;
  invariant(caller !== null, 'nobody asks for a change');
  const decision = checkOwner(holdings, serviceName, caller) ?? decideAny(view, request, problem);
  const isFirst = !holdings.holdsAnything(serviceName);
  if (isRefusal(decision) || !isFirst || !decision.holdings.holdsAnything(serviceName)) {
    return decision;
  }
  return { ...decision, holdings: decision.holdings.withOwner(serviceName, caller.uid) };
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
      return decideTopology(view);
  }
}

/** Whether the request asks for something, rather than giving back or looking. */
export function isGrant(request: MachineRequest): boolean {
  switch (request.action) {
    case 'allocate_cores':
      return request.cpuCount >= 0;
    case 'allocate_cores_percent':
      return request.percent > 0;
    case 'allocate_numa_cores':
      return request.cpuCount > 0;
    case 'allocate_hugepages':
      return request.pageCount > 0;
    default:
      return false;
  }
}
