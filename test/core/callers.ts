/** Who asks, in tests. */

import type { Caller } from '../../src/core/caller.js';

/** A process of the user with that uid. */
export const userOf = (uid: number): Caller => ({ uid, gid: uid, pid: 4_000 + uid, label: null });

export const ROOT = userOf(0);
