/** What the fault suite cannot do without. */

import { requireRootAnd } from '../process/missing-tools.js';

/** Fails the suite with what is missing, before its first test. */
export function requireTools(): void {
  const tools = { strace: 'strace', mount: 'mount' };
  requireRootAnd('the fault suite', 'to mount file systems and to trace', tools);
}
