/**
 * Closes sockets whose peers have all that is for them, without a shutdown of each before. A peer
 * whose last bytes were not read by then, such as a newline sent behind its request, would read a
 * reset where it should read the end: so each socket is read for a whole turn of the event loop more.
 */

import type { Socket } from 'node:net';

/** Those that came in this turn, and those that have had a turn since. */
let arrived: Socket[] = [];
let waited: Socket[] = [];

/** Closes a socket that nothing is to be written to any more. */
export function closeSoon(socket: Socket): void {
  if (arrived.length + waited.length === 0) setImmediate(turn);
  arrived.push(socket);
}

/** Runs behind the reading of each turn. */
function turn(): void {
  const due = waited;
  waited = arrived;
  arrived = [];
  for (const socket of due) socket.destroy();
  if (arrived.length + waited.length > 0) setImmediate(turn);
}
