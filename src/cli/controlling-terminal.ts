/** The terminal from which the program was started, if any. */

import { closeSync, openSync } from 'node:fs';

/**
 * Whether the process has a controlling terminal: `/dev/tty` is it (`tty(4)`). A daemon that a
 * supervisor runs has none, and one whose terminal was closed has none any more.
 */
export function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
