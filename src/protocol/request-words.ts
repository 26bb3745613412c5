/** A request in the words of the protocol again, with what was left out filled in. */

import type { ClaimRequest } from './claim-request.js';
import type { ChangingRequest, DaemonRequest, Request, StreamRequest } from './request.js';

/** The fields of a request about the machine, as they stand on the wire. */
export function requestWords(request: Exclude<Request, DaemonRequest | StreamRequest>) {
  const { action } = request;
  switch (request.action) {
    case 'get_topology':
      return { action };
    case 'list_allocations':
      return { action, pool: request.pool };
    case 'get_memory_info':
      return { action, service_name: request.serviceName };
    default: {
      const { isDryRun, requestId } = request;
      return {
        ...changeWords(request),
        ...(isDryRun ? { dry_run: true } : {}),
        ...(requestId === null ? {} : { request_id: requestId }),
      };
    }
  }
}

/** What is to be changed, without how it is asked for. */
export function changeWords(request: ChangingRequest) {
  if (request.action !== 'transact') return claimWords(request);
  return { action: request.action, steps: request.steps.map(claimWords) };
}

/** What one service asks for, or gives back. */
export function claimWords(request: ClaimRequest) {
  const { action, serviceName } = request;
  if (request.action === 'allocate_hugepages') {
    const { pageCount, nodeId, sizeKb } = request;
    const pages = { hugepages_requested: pageCount, node_id: nodeId, size_kb: sizeKb };
    return { action, service_name: serviceName, ...pages };
  }
  return {
    action,
    service_name: serviceName,
    ...('nodeId' in request ? { numa_node: request.nodeId } : {}),
    ...('percent' in request ? { percent: request.percent } : { num_of_cores: request.cpuCount }),
    pool: request.pool,
    preemption_policy: request.policy,
    ...(request.placement === null ? {} : { placement: { ...request.placement } }),
  };
}
