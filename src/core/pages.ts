/** What is left of a node's hugepages once the records of all services are honoured. */

import { type NodePageRecords, recordedPages } from './holdings.js';
import type { PageCounters } from './machine.js';

/**
 * The kernel's free count less what is recorded but not yet in use; never negative. Pages in use
 * are taken to be those of the records, as far as these go.
 */
export function freePages(counters: PageCounters, records: NodePageRecords): number {
  const used = counters.total - counters.free;
  const notYetUsed = Math.max(recordedPages(records, counters.sizeKb) - used, 0);
  return Math.max(counters.free - notYetUsed, 0);
}
