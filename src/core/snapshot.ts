/** What is stored of who holds what. */

import type { Holdings } from './holdings.js';
import type { Homes } from './homes.js';

/** What is to be on disk. */
export interface Snapshot {
  readonly holdings: Holdings;
  /** Where claimed CPUs were at home, so that they can be released there while offline. */
  readonly homes: Homes;
}

/** What is to be written, and what stays if it cannot be. */
export interface Write {
  readonly next: Snapshot;
  /** What was acknowledged last: it is on disk, and is put back if the write fails half-way. */
  readonly acknowledged: Snapshot;
}
