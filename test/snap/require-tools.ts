/** What the snap suite cannot do without. */

import { requireRootAnd } from '../process/missing-tools.js';

/** Fails the suite with what is missing, before its first test. */
export function requireTools(): void {
  const tools = { snap: 'snapd', mksquashfs: 'squashfs-tools', strace: 'strace' };
  requireRootAnd('the snap suite', 'as the daemon of a snap has it', tools);
}
