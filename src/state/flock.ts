/** `flock(2)`, which Node.js does not have: called in the C library that Node.js itself runs on. */

import koffi from 'koffi';

/** `<sys/file.h>`, the same on every Linux. */
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const flock = koffi.load(null).func('int flock(int fd, int operation)');

/**
 * Locks what an open descriptor refers to, for its holder alone. The lock belongs to the open file:
 * it ends when the descriptor is closed, and so with the process, however that ends.
 *
 * @returns whether the lock was had; `false` = somebody else has it
 * @throws Error with the number of the system's error, when the file system cannot lock
 */
export function tryLock(descriptor: number): boolean {
  if (flock(descriptor, LOCK_EX | LOCK_NB) === 0) return true;
  const number = koffi.errno();
  if (number === koffi.os.errno['EWOULDBLOCK']) return false;
  const name = Object.entries(koffi.os.errno).find(([, known]) => known === number)?.[0];
  throw new Error(`flock: ${name ?? `error ${number}`}`);
}

/**
 * Gives a lock back at once. To close the descriptor alone is not enough: a process that is being
 * made has for a moment all that is open in this one.
 */
export function unlock(descriptor: number): void {
  flock(descriptor, LOCK_UN);
}
