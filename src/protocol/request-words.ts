/** A request in the words of the protocol again, with what was left out filled in. */

import type { GetStatusRequest, Request, StreamRequest } from './request.js';

/** The fields of a request about the machine, as they stand on the wire. */
export function requestWords(request: Exclude<Request, GetStatusRequest | StreamRequest>) {
  const { action } = request;
  switch (request.action) {
    case 'get_topology':
      return { action };
    case 'list_allocations':
      return { action, pool: request.pool };
    case 'get_memory_info':
      return { action, service_name: request.serviceName };
    case 'allocate_hugepages': {
      const { serviceName, pageCount, nodeId, sizeKb } = request;
      const pages = { hugepages_requested: pageCount, node_id: nodeId, size_kb: sizeKb };
      return { action, service_name: serviceName, ...pages };
    }
    default:
      return {
        action,
        service_name: request.serviceName,
        ...('nodeId' in request ? { numa_node: request.nodeId } : {}),
        ...('percent' in request
          ? { percent: request.percent }
          : { num_of_cores: request.cpuCount }),
        pool: request.pool,
        preemption_policy: request.policy,
      };
  }
}
