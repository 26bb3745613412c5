/** What callers hear whose changes the actors cannot make, or had to undo. */

import { type Refusal, refusal } from '../src/protocol/error-codes.js';
import { describeProblem, type StoreProblem } from './store.js';

/** The write failed. */
export function notStored(reason: string): Refusal {
  return refusal('STORAGE_FAILED', `The change could not be stored and was undone: ${reason}`);
}

/** An actor failed while the change was under way. */
export function childFailed(actorId: string): Refusal {
  return refusal('INTERNAL', `internal: ${actorId} failed; the change was undone`);
}

/** The program is wrong, and has noticed it in time. */
export function unchanged(bug: string): Refusal {
  return refusal('INTERNAL', `${bug}; nothing was changed`);
}

/** No write succeeds for the time being. */
export function readOnly(problem: StoreProblem): Refusal {
  const { since, reason } = describeProblem(problem);
  return refusal(
    'READ_ONLY',
    `Nothing can be changed while the state cannot be stored (since ${since}): ${reason}; ` +
      'it is tried again',
    { since, reason },
  );
}
