/** The state directory of a daemon: taken, read, written and given back. */

import { open } from 'node:fs/promises';
import { removeTemporaries } from './replace-copies.js';
import type { Replace } from './replace-in-thread.js';
import { chooseState, type FoundState, readCopies } from './state-copies.js';
import { lockStateDirectory } from './state-lock.js';
import { StateWriter } from './state-writer.js';

/** A state directory that is ours. */
export interface StateDirectory {
  /** What was on disk. */
  readonly found: FoundState;
  readonly writer: StateWriter;
  /** Ends the write under way, then lets others have the directory. */
  close(): Promise<void>;
}

/**
 * Takes a state directory, which is made if it is missing, and reads it. Nothing in it is changed
 * but what an interrupted write left behind, which holds nothing that was acknowledged.
 *
 * @param what what it is taken for, as told to whoever wants it too
 * @param replace how it is written
 * @throws StateError when somebody else has it, when it cannot be used, or when neither copy of
 * the state is whole
 */
export async function openStateDirectory(
  path: string,
  what: string,
  replace: Replace,
): Promise<StateDirectory> {
  const lock = lockStateDirectory(path, what);
  try {
    const found = chooseState(await readCopies(path));
    removeTemporaries(path);
    // A daemon that was killed may have renamed a copy and not synced the directory: what is shown
    // from now on must not be taken back by a power cut. A disk that cannot sync is found, and told
    // of, by the first write.
    await syncUnhurried(path).catch(() => undefined);
    const writer = new StateWriter(path, found.state?.generation ?? 0, replace);
    // A process that is ended by force may be in the middle of a write.
    const cleanUp = () => removeTemporaries(path);
    process.once('exit', cleanUp);
    return {
      found,
      writer,
      close: async () => {
        await writer.settled();
        process.off('exit', cleanUp);
        cleanUp();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Makes the names in a directory durable; a disk that does not answer stops nobody. */
async function syncUnhurried(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
