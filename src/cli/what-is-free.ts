/** The last line of every answer about CPUs: what its pool has left. */

import type { Replies } from '../protocol/reply.js';
import { counted } from '../words/counted.js';

/** `4 of 28 CPUs of the isolated pool are free`. */
export function whatIsFree(
  reply: Replies['allocate_cores' | 'allocate_numa_cores' | 'allocate_cores_percent'],
): string {
  const { remaining_available_cpus: free, total_available_cpus: all, pool } = reply;
  return `${free} of ${counted(all, 'CPU')} of the ${pool} pool ${free === 1 ? 'is' : 'are'} free`;
}
