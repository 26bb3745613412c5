/**
 * The state file on disk: read at start, and written so that what was acknowledged is there
 * after a power cut. All of it off the socket loop, in libuv's threads.
 */

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../core/quoting.js';
import { parseState } from './state-format.js';
import { StateError, type StoredState } from './stored-state.js';

/** The state file's name in the state directory; older releases use the same. */
export const STATE_FILE_NAME = 'state.json';

/** The path of the state file in a state directory. */
export function stateFilePath(stateDirectory: string): string {
  return join(stateDirectory, STATE_FILE_NAME);
}

/**
 * Reads the state of a directory, which is made if it is missing.
 *
 * @returns `null` when nothing was ever stored there
 * @throws StateError naming the file when it is damaged (it is left untouched), or the directory
 * when it cannot be used
 */
export async function loadState(stateDirectory: string): Promise<StoredState | null> {
  const path = stateFilePath(stateDirectory);
  let bytes: Buffer;
  try {
    await mkdir(stateDirectory, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw unusable(stateDirectory, error);
  }
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(stateDirectory, error);
  }
  try {
    return parseState(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof StateError ? error.message : 'it is not UTF-8';
    throw new StateError(
      `cannot use the state file ${path}: ${reason}. It was left as it is; ` +
        'put a good copy in its place, or move it away to start with no claims',
    );
  }
}

/**
 * Replaces the state file durably: a temporary file in the same directory, fsync, rename, fsync
 * of the directory. When this fails the old file may or may not have been replaced.
 */
export async function writeState(stateDirectory: string, text: string): Promise<void> {
  const path = stateFilePath(stateDirectory);
  const temporary = temporaryPath(path);
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  const directory = await open(stateDirectory, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes the state of one directory: each step waits for the end of the one before. */
export interface StateWriter {
  /** As {@link writeState}. */
  write(text: string): Promise<void>;
  /**
   * Removes what a daemon left that was killed in the middle of a write; it holds nothing that was
   * acknowledged. Only for a daemon that knows that no other one serves: it may be writing.
   */
  clearAway(): Promise<void>;
}

/** Makes the writer of a directory; there must be one. */
export function createStateWriter(stateDirectory: string): StateWriter {
  const temporary = temporaryPath(stateFilePath(stateDirectory));
  let last: Promise<void> = Promise.resolve();
  const inTurn = (step: () => Promise<void>): Promise<void> => {
    last = last.catch(() => undefined).then(step);
    return last;
  };
  return {
    write: (text) => inTurn(() => writeState(stateDirectory, text)),
    clearAway: () => inTurn(() => rm(temporary, { force: true }).catch(() => undefined)),
  };
}

/** In the same directory: a rename is atomic only within a file system. */
function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

function unusable(stateDirectory: string, error: unknown): StateError {
  return new StateError(`cannot use the state directory ${stateDirectory}: ${messageOf(error)}`);
}
