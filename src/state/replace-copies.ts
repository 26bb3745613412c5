/**
 * Puts a text in the place of both copies of the state, durably, and with all that is likely to
 * fail done before the first copy is touched. All of it off the socket loop, in libuv's threads.
 */

import { rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { copyPaths, temporaryPath } from './state-names.js';

/**
 * A replacement that failed when the new text was in place already, for one copy or for both: who
 * reads them now finds what the caller is told was not stored.
 */
export class HalfDoneError extends Error {
  override readonly name = 'HalfDoneError';
}

/**
 * Replaces both copies: two temporary files in the same directory, each written and synced, then
 * renamed one after the other, then a sync of the directory. Either copy is whole at any moment.
 *
 * @param signal aborted = nobody waits for it any more: neither copy is touched from then on,
 * unless the first is replaced already
 * @throws HalfDoneError when the first copy has been replaced; any other error means that both
 * copies are as they were
 */
export async function replaceCopies(
  stateDirectory: string,
  text: string,
  signal?: AbortSignal,
): Promise<void> {
  const paths = copyPaths(stateDirectory);
  let isTouched = false;
  try {
    await allOf(paths.map((path) => writeSynced(temporaryPath(path), text)));
    signal?.throwIfAborted();
    for (const path of paths) {
      await rename(temporaryPath(path), path);
      isTouched = true;
    }
    await syncDirectory(stateDirectory);
  } catch (error) {
    await removeTemporaries(stateDirectory);
    if (!isTouched || !(error instanceof Error)) throw error;
    throw new HalfDoneError(error.message, { cause: error });
  }
}

/**
 * Removes what a daemon left that was killed in the middle of a write; it holds nothing that was
 * acknowledged. Only for whoever has the directory's lock.
 */
export async function removeTemporaries(stateDirectory: string): Promise<void> {
  await Promise.all(
    copyPaths(stateDirectory).map((path) =>
      // What is in the way is said by the next write, which needs the name.
      rm(temporaryPath(path), { force: true }).catch(() => undefined),
    ),
  );
}

/** As {@link removeTemporaries}, for a process that is about to end and cannot wait. */
export function removeTemporariesNow(stateDirectory: string): void {
  for (const path of copyPaths(stateDirectory)) {
    try {
      rmSync(temporaryPath(path), { force: true });
    } catch {
      // The next start tries again.
    }
  }
}

/**
 * Writes a file for its owner alone, and has it on disk; its name is not durable yet.
 *
 * @param flag `w` replaces what is there, `wx` fails then
 */
export async function writeSynced(
  path: string,
  content: string | Buffer,
  flag: 'w' | 'wx' = 'w',
): Promise<void> {
  const file = await open(path, flag, 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Resolves when all have; rejects with the first error, and not before every step has ended. */
async function allOf(steps: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
