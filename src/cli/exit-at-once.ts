/**
 * Ends the process whatever its threads do. `process.exit` waits for those that write files, and a
 * disk that does not answer keeps them for ever.
 */

import { libc } from '../libc/libc.js';

/** `<unistd.h>`: no destructors, and so no waiting. */
const exitNow = libc.func('void _exit(int status)');

/** Ends the process with that status, after all that is to be done when it exits. */
export function exitAtOnce(status: number): void {
  // The last listener: the others flush the log, and clear away what is temporary.
  process.on('exit', () => exitNow(status));
  process.exit(status);
}
