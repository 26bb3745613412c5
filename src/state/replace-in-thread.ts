/** Replaces both copies of the state in a thread, where a disk that does not answer stops nobody. */

import { type FileThreads, programAt } from '../threads/file-threads.js';
import { HalfDoneError, type Room } from './replace-copies.js';
import { claimed, type ReplaceResult, type ReplaceTask } from './replace-worker.js';

/**
 * Puts a text in the place of both copies.
 *
 * @param signal aborted = nobody waits for it any more: neither copy is touched from then on,
 * unless the first is replaced already
 * @throws HalfDoneError when the first copy has been replaced; any other error means that both
 * copies are as they were
 */
export type Replace = (
  stateDirectory: string,
  text: string,
  room: Room,
  signal?: AbortSignal,
) => Promise<void>;

const program = programAt<ReplaceTask, ReplaceResult>('src/state/replace-worker');

/** Has it done in one of these threads. One that hangs stays with the thread that it hangs in. */
export function replaceInThread(threads: FileThreads): Replace {
  return async (stateDirectory, text, room, signal) => {
    const claim = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const giveUp = () => claimed(claim, 'giveUp');
    signal?.addEventListener('abort', giveUp, { once: true });
    let result: ReplaceResult;
    try {
      result = await threads.run(program, { stateDirectory, text, room, claim });
    } catch (error) {
      // The thread has ended within the task: what it has done by then, nobody knows.
      if (giveUp()) throw error;
      throw new HalfDoneError(`a thread ended within a write: ${error}`, { cause: error });
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    if (result.ok) return;
    const { isHalfDone, reason } = result;
    throw isHalfDone ? new HalfDoneError(reason) : new Error(reason);
  };
}
