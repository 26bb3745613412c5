/** `fcntl(2)`, `F_DUPFD_CLOEXEC`: another descriptor of what is open. */

import { lastError, libc } from './libc.js';

/** `<linux/fcntl.h>`, the same on every Linux. */
const F_DUPFD_CLOEXEC = 1030;

const fcntl = libc.func('int fcntl(int fd, int command, ...)');

/**
 * Gives a descriptor of its own to what another one refers to; a program that is started here does not
 * get it.
 *
 * @throws Error with the name of the system's error, such as `EMFILE`
 */
export function duplicate(descriptor: number): number {
  const copy: number = fcntl(descriptor, F_DUPFD_CLOEXEC, 'int', 0);
  if (copy < 0) throw new Error(`fcntl: ${lastError()}`);
  return copy;
}
