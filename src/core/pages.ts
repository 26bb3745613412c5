/** Hugepages: those on record, and what the records of all services leave of those that there are. */

import { type Holdings, type NodePageRecords, type PageRecord, recordedPages } from './holdings.js';
import type { PageCounters } from './machine.js';
import type { View } from './view.js';

/** Pages of one size in one node: those that there are, and those on record. */
export interface PageSize {
  readonly nodeId: number;
  readonly sizeKb: number;
  /** `null` = the node has no pages of that size, or is not there. */
  readonly total: number | null;
  readonly recorded: number;
  /** Pages on record beyond those that there are. */
  readonly shortfall: number;
}

/** Every node and size that has pages or records, ascending. */
export function pageSizesOf({ facts, holdings }: View): PageSize[] {
  const sizes: PageSize[] = [];
  for (const { nodeId, pages } of facts.nodes) {
    const records = holdings.pagesOf(nodeId);
    for (const { sizeKb, total } of pages) {
      sizes.push(pageSizeOf(nodeId, sizeKb, total, records));
    }
  }
  for (const [nodeId, records] of holdings.pages) {
    const known = facts.nodes.find((node) => node.nodeId === nodeId)?.pages ?? [];
    const recordedSizes = new Set([...records.values()].flatMap((counts) => [...counts.keys()]));
    for (const sizeKb of recordedSizes) {
      if (known.some((size) => size.sizeKb === sizeKb)) continue;
      sizes.push(pageSizeOf(nodeId, sizeKb, null, records));
    }
  }
  return sizes.sort((a, b) => a.nodeId - b.nodeId || a.sizeKb - b.sizeKb);
}

function pageSizeOf(
  nodeId: number,
  sizeKb: number,
  total: number | null,
  records: NodePageRecords,
): PageSize {
  const recorded = recordedPages(records, sizeKb);
  return { nodeId, sizeKb, total, recorded, shortfall: Math.max(recorded - (total ?? 0), 0) };
}

/**
 * The kernel's free count less what is recorded but not yet in use; never negative. Pages in use
 * are taken to be those of the records, as far as these go.
 */
export function freePages(counters: PageCounters, records: NodePageRecords): number {
  const used = counters.total - counters.free;
  const notYetUsed = Math.max(recordedPages(records, counters.sizeKb) - used, 0);
  return Math.max(counters.free - notYetUsed, 0);
}

/** All records of hugepages, of every node. */
export function pageRecordsOf(holdings: Holdings): PageRecord[] {
  return [...holdings.pages].flatMap(([nodeId, services]) =>
    [...services].flatMap(([serviceName, sizes]) =>
      [...sizes].map(([sizeKb, pageCount]) => ({ serviceName, nodeId, sizeKb, pageCount })),
    ),
  );
}
