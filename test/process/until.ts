/** Waits until something is so; how long it takes is nobody's business. */

import { setTimeout } from 'node:timers/promises';

/** Leaves the processor to those who are watched. */
const PAUSE_MS = 10;

/** Resolves when it is so; rejects when looking fails, as it does when the daemon is gone. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(PAUSE_MS);
}
