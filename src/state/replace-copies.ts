/**
 * Puts a text in the place of both copies of the state, durably, and with all that is likely to
 * fail done before the first copy is touched. Synchronous: it is one task for a thread.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { copyPaths, temporaryPath } from './state-names.js';

/**
 * A replacement that failed when the new text was in place already, for one copy or for both: who
 * reads them now finds what the caller is told was not stored.
 */
export class HalfDoneError extends Error {
  override readonly name = 'HalfDoneError';
}

/**
 * Replaces both copies: two temporary files in the same directory, both written, both synced, then
 * renamed one after the other, then a sync of the directory. Either copy is whole at any moment.
 *
 * @param mayTouch asked once, before the first copy is replaced; throws when neither is to be
 * @throws HalfDoneError when the first copy has been replaced; any other error means that both
 * copies are as they were
 */
export function replaceCopies(
  stateDirectory: string,
  text: string,
  mayTouch: () => void = () => undefined,
): void {
  const paths = copyPaths(stateDirectory);
  let isTouched = false;
  try {
    writeSynced(paths.map(temporaryPath), text);
    mayTouch();
    for (const path of paths) {
      renameSync(temporaryPath(path), path);
      isTouched = true;
    }
    syncDirectory(stateDirectory);
  } catch (error) {
    removeTemporaries(stateDirectory);
    if (!isTouched || !(error instanceof Error)) throw error;
    throw new HalfDoneError(error.message, { cause: error });
  }
}

/**
 * Removes what a daemon left that was killed in the middle of a write; it holds nothing that was
 * acknowledged. Only for whoever has the directory's lock.
 */
export function removeTemporaries(stateDirectory: string): void {
  for (const path of copyPaths(stateDirectory)) {
    try {
      rmSync(temporaryPath(path), { force: true });
    } catch {
      // What is in the way is said by the next write, which needs the name.
    }
  }
}

/**
 * Writes files of the same content for their owner alone, and has them on disk; their names are not
 * durable yet. All are written before the first is synced: the disk may take them in one go.
 *
 * @param flag `w` replaces what is there, `wx` fails then
 */
export function writeSynced(
  paths: readonly string[],
  content: string | Buffer,
  flag: 'w' | 'wx' = 'w',
): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const open: number[] = [];
  try {
    for (const path of paths) {
      const file = openSync(path, flag, 0o600);
      open.push(file);
      writeFileSync(file, bytes);
    }
    for (const file of open) fsyncSync(file);
  } finally {
    closeAll(open);
  }
}

/** Closes all, whatever comes of each: a close may be the first to tell that a write failed. */
function closeAll(files: readonly number[]): void {
  const errors: unknown[] = [];
  for (const file of files) {
    try {
      closeSync(file);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
