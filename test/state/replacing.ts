/** Replaces both copies without a thread, where it is not the thread that is tested. */

import { replaceCopies } from '../../src/state/replace-copies.js';
import type { Replace } from '../../src/state/replace-in-thread.js';

export const replaceHere: Replace = async (stateDirectory, text, room, signal) =>
  replaceCopies(stateDirectory, text, { mayTouch: () => signal?.throwIfAborted(), room });
