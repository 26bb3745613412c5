/** How many peers a socket has, and had since the start. */

import { readConnectionsMax } from './connection-limit.js';

/** The connections of a socket. */
export class Traffic {
  /** Open at once, at most. */
  readonly connectionsMax = readConnectionsMax();
  /** Open now. */
  openCount = 0;
  /** Accepted since the start. */
  acceptedCount = 0;
  /** Of those, turned away because too many were open. */
  turnedAwayCount = 0;
}
