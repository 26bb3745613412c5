/** `flock(2)`: a lock that dies with its process. */

import { lastError, libc } from './libc.js';

/** `<sys/file.h>`, the same on every Linux. */
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const flock = libc.func('int flock(int fd, int operation)');

/**
 * Locks what an open descriptor refers to, for its holder alone. The lock belongs to the open file:
 * it ends when the descriptor is closed, and so with the process, however that ends.
 *
 * @returns whether the lock was had; `false` = somebody else has it
 * @throws Error with the name of the system's error, when the file system cannot lock
 */
export function tryLock(descriptor: number): boolean {
  if (flock(descriptor, LOCK_EX | LOCK_NB) === 0) return true;
  const error = lastError();
  // The same number as EAGAIN on Linux.
  if (error === 'EWOULDBLOCK' || error === 'EAGAIN') return false;
  throw new Error(`flock: ${error}`);
}

/**
 * Gives a lock back at once. To close the descriptor alone is not enough: a process that is being
 * made has for a moment all that is open in this one.
 */
export function unlock(descriptor: number): void {
  flock(descriptor, LOCK_UN);
}
