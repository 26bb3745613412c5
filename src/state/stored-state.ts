/** What a state file holds, and the fields that both of its formats share. */

import * as z from 'zod';
import { parseCpuList } from '../core/cpu-list.js';
import type { Snapshot } from '../core/snapshot.js';
import { cpuListText } from '../core/text-schema.js';

/** What a state file holds. */
export interface StoredState extends Snapshot {
  /** `older`: as the daemon before this one leaves it. */
  readonly format: 'own' | 'older';
  /** Grows with every write. 0 = of the older format. */
  readonly generation: number;
  /** Of its content; `null` in the older format, which has none. */
  readonly checksum: string | null;
  /** When it was written, as it says itself; `null` when it does not. */
  readonly updatedAt: string | null;
  /** What was dropped or taken over on reading, for the log; empty in a file of our own. */
  readonly remarks: readonly string[];
}

/** A state cannot be used. `message` says which file or directory, and why. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** A count or an id: whole, 0 or more. */
export const wholeCount = z.int().min(0);

/** A CPU list, in any order the kernel's format allows. */
export const cpuListSchema = cpuListText(parseCpuList);
