/** Who is at the other end of a Unix socket, as the kernel tells it: `unix(7)`, `SO_PEERCRED`. */

import { readFileSync } from 'node:fs';
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

/**
 * Whether this kernel gives processes labels. Without a security module that does, the label of the
 * process itself is an invalid argument; whatever else comes of reading it, peers are asked for theirs.
 */
let hasLabels: boolean | null = null;

function readsNoLabel(): boolean {
  try {
    readFileSync('/proc/self/attr/current');
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EINVAL';
  }
}

function labelOf(descriptor: number): string | null {
  hasLabels ??= !readsNoLabel();
  if (!hasLabels) return null;
  const answer = findSocketOption(descriptor, SO_PEERSEC);
  if (answer === null) return null;
  const text = answer.toString('utf8');
  // AppArmor says behind the name how it is enforced: `snap.nova.compute (enforce)`.
  const label = text.replace(/[\0\n]+$/, '').replace(/ \([a-z]+\)$/, '');
  return label === '' || label === 'unconfined' ? null : label;
}
