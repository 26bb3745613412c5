/**
 * Closes sockets whose peers have all that is for them, without a shutdown of each before. A peer
 * whose last bytes were not read by then, such as a newline sent behind its request, would read a
 * reset where it should read the end: so each socket is read for some turns of the event loop more,
 * which count from its request. Under load those are over when the reply is there.
 */

import type { Socket } from 'node:net';
import { atEndOfTurn, turnNumber } from './turns.js';

/**
 * A turn ends behind its reading. The one in which the request was read may have read no more, the next
 * may have begun before the peer could write: the third is good for what is sent in the same breath.
 */
const TURNS = 3;

/** Not due yet. */
const waiting: { readonly socket: Socket; readonly dueTurn: number }[] = [];

atEndOfTurn(() => {
  if (waiting.length === 0) return;
  for (const { socket, dueTurn } of waiting.splice(0)) closeSoon(socket, dueTurn);
});

/** Says that a request was read in this turn. @returns from which turn on its socket may be closed */
export function turnOfFarewell(): number {
  return turnNumber(TURNS) + TURNS;
}

/**
 * Closes a socket that nothing is to be written to any more: at once, or when its turn has come.
 *
 * @param dueTurn what {@link turnOfFarewell} gave
 */
export function closeSoon(socket: Socket, dueTurn: number): void {
  if (turnNumber() >= dueTurn) socket.destroy();
  else waiting.push({ socket, dueTurn });
}
