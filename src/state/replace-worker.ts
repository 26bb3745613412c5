/**
 * What runs in a thread for a durable write: all of it, one call of the kernel after the other, so
 * that no thread has to be woken between them. Imports no more than that.
 */

import { messageOf } from '../core/quoting.js';
import { HalfDoneError, type Room, replaceCopies } from './replace-copies.js';

/** What is to be in both copies of the state of a directory. */
export interface ReplaceTask {
  readonly stateDirectory: string;
  readonly text: string;
  readonly room: Room;
  /** One number, that both threads see: see {@link claimed}. */
  readonly claim: Int32Array;
}

/** What came of it; a `reason` says why not, and `isHalfDone` what a `HalfDoneError` says. */
export type ReplaceResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly isHalfDone: boolean; readonly reason: string };

/** Nobody has decided yet whether the copies are to be touched. */
const OPEN = 0;

/** Whether the copies are to be touched; whoever claims it first has decided. */
const CLAIMS = { touch: 1, giveUp: 2 } as const;

/**
 * Decides for both threads, unless it is decided already.
 *
 * @returns whether it is as was asked for
 */
export function claimed(claim: Int32Array, what: keyof typeof CLAIMS): boolean {
  const before = Atomics.compareExchange(claim, 0, OPEN, CLAIMS[what]);
  return before === OPEN || before === CLAIMS[what];
}

/** Does one task. Never throws. */
export default function replace({ stateDirectory, text, room, claim }: ReplaceTask): ReplaceResult {
  try {
    const mayTouch = () => {
      if (!claimed(claim, 'touch')) throw new Error('nobody waits for this write any more');
    };
    replaceCopies(stateDirectory, text, { mayTouch, room });
    return { ok: true };
  } catch (error) {
    return { ok: false, isHalfDone: error instanceof HalfDoneError, reason: messageOf(error) };
  }
}
