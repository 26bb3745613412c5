/** What a state file holds, and the fields that both of its formats share. */

import { z } from 'zod';
import { parseCpuList } from '../core/cpu-list.js';
import { cpuListText } from '../core/cpu-list-schema.js';
import type { Holdings } from '../core/holdings.js';
import type { Homes } from '../core/homes.js';

/** What a state file holds. */
export interface StoredState {
  readonly holdings: Holdings;
  /** Where claimed CPUs were at home, so that they can be released there while offline. */
  readonly homes: Homes;
  /** Grows by one with every write. 0 = taken over from the older format, or new. */
  readonly generation: number;
  /** What was dropped or taken over on reading, for the log; empty in a file of our own. */
  readonly remarks: readonly string[];
}

/** The text of a state file is damaged. `message` says how; the reader adds the file's path. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** A count or an id: whole, 0 or more. */
export const wholeCount = z.int().min(0);

/** A CPU list, in any order the kernel's format allows. */
export const cpuListSchema = cpuListText(parseCpuList);
