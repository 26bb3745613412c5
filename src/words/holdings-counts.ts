/** How much is held, in a few words. */

import type { Holdings } from '../core/holdings.js';
import { pageRecordsOf } from '../core/pages.js';
import { counted } from './counted.js';

/** `1 service with CPUs, 2 hugepage records`. */
export function holdingsCounts(holdings: Holdings): string {
  const services = counted(holdings.claims.size, 'service');
  return `${services} with CPUs, ${counted(pageRecordsOf(holdings).length, 'hugepage record')}`;
}
