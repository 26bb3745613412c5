/** Listening sockets that a supervisor has opened and hands over: `sd_listen_fds(3)`. */

import { messageOf } from '../core/quoting.js';
import {
  boundPath,
  numberOption,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_TYPE,
} from '../libc/socket-options.js';

/** `<sys/socket.h>`. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;

/**
 * The path of a listening socket that was handed over; empty when it has none.
 *
 * @throws Error saying why the descriptor cannot be served
 */
export function handedOverPath(descriptor: number): string {
  let isListening: boolean;
  try {
    isListening =
      numberOption(descriptor, SO_DOMAIN) === AF_UNIX &&
      numberOption(descriptor, SO_TYPE) === SOCK_STREAM &&
      numberOption(descriptor, SO_ACCEPTCONN) === 1;
  } catch (error) {
    throw new Error(`it is no socket (${messageOf(error)})`);
  }
  if (!isListening) throw new Error('it is no listening Unix stream socket');
  return boundPath(descriptor);
}
