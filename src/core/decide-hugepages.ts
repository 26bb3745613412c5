/** `allocate_hugepages`: records a count of pages; it reserves nothing in the kernel. */

import type { AllocateHugepagesRequest } from '../protocol/claim-request.js';
import { refusal } from '../protocol/error-codes.js';
import type { ClaimReply } from '../protocol/reply.js';
import { PROTOCOL_VERSION } from '../protocol/request.js';
import { freePages } from './pages.js';
import { answer, type Decision } from './plan.js';
import { pageHolders } from './room.js';
import { HOLDERS_SHOWN_MAX } from './standing.js';
import { findNode, type View } from './view.js';

/**
 * Decides `allocate_hugepages`. A record can be forgotten whatever became of the node or the page
 * size; only an increase over the service's own record needs free pages.
 */
export function decideHugepages(
  view: View,
  request: AllocateHugepagesRequest,
): Decision<ClaimReply> {
  const { serviceName, nodeId, sizeKb, pageCount } = request;
  const records = view.holdings.pagesOf(nodeId);
  const recorded = records.get(serviceName)?.get(sizeKb) ?? 0;
  if (pageCount === -1) return planRecord(view, request, recorded);

  const node = findNode(view, nodeId);
  if (node === undefined) {
    return refusal('NUMA_NODE_NOT_FOUND', `NUMA node ${nodeId} not found`, {
      numa_nodes: view.facts.nodes.map((known) => known.nodeId),
    });
  }
  const counters = node.pages.find((known) => known.sizeKb === sizeKb);
  if (counters === undefined) {
    return refusal(
      'HUGEPAGE_SIZE_NOT_FOUND',
      `Hugepage size ${sizeKb} KB not found on node ${nodeId}`,
      { node_id: nodeId, sizes_kb: node.pages.map((known) => known.sizeKb) },
    );
  }
  const free = freePages(counters, records);
  const additional = pageCount - recorded;
  if (additional > free) {
    return refusal(
      'INSUFFICIENT_HUGEPAGES',
      `NUMA node ${nodeId} size ${sizeKb} KB only has ${free} free hugepages, ` +
        `requested additional ${additional}`,
      {
        node_id: nodeId,
        size_kb: sizeKb,
        requested_additional: additional,
        available: free,
        recorded,
        held_by: pageHolders(view, request, nodeId).slice(0, HOLDERS_SHOWN_MAX),
      },
    );
  }
  return planRecord(view, request, recorded);
}

function planRecord(
  view: View,
  request: AllocateHugepagesRequest,
  recorded: number,
): Decision<ClaimReply> {
  const { serviceName, nodeId, sizeKb } = request;
  const pageCount = Math.max(request.pageCount, 0);
  const record = { serviceName, nodeId, sizeKb, pageCount };
  const reply = {
    version: PROTOCOL_VERSION,
    service_name: serviceName,
    hugepages_requested: request.pageCount,
    allocation_successful: true,
    message:
      pageCount === 0
        ? `No hugepages of ${sizeKb} KB are recorded for ${serviceName} on NUMA node ${nodeId}`
        : `${pageCount} hugepages of ${sizeKb} KB are recorded for ${serviceName} on NUMA node ${nodeId}`,
    node_id: nodeId,
    size_kb: sizeKb,
  } as const;
  if (pageCount === recorded) return answer(reply, view.holdings);
  return {
    reply,
    claimChanges: [],
    pageChanges: [record],
    holdings: view.holdings.withPages(record),
  };
}
