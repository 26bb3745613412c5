/** Who is at the other end of a Unix socket, as the kernel tells it: `unix(7)`, `SO_PEERCRED`. */

import type { Caller } from '../core/caller.js';
import {
  findSocketOption,
  numbersIn,
  SO_PEERCRED,
  SO_PEERSEC,
  socketOption,
} from './socket-options.js';

/**
 * Asks the kernel for the peer of a connected socket.
 *
 * @throws Error with the name of the system's error, when the descriptor is no such socket
 */
export function peerOf(descriptor: number): Caller {
  const [pid = 0, uid = 0, gid = 0] = numbersIn(socketOption(descriptor, SO_PEERCRED));
  return { pid, uid, gid, label: labelOf(descriptor) };
}

function labelOf(descriptor: number): string | null {
  const answer = findSocketOption(descriptor, SO_PEERSEC);
  // Without a security module there is no such option.
  if (answer === null) return null;
  const text = answer.toString('utf8');
  // AppArmor says behind the name how it is enforced: `snap.nova.compute (enforce)`.
  const label = text.replace(/[\0\n]+$/, '').replace(/ \([a-z]+\)$/, '');
  return label === '' || label === 'unconfined' ? null : label;
}
