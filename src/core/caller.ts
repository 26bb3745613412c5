/** Who asks, as the kernel names the peer of a socket; and what is whose. */

import { type Refusal, refusal } from '../protocol/error-codes.js';
import { type Holdings, ROOT_UID } from './holdings.js';

/** The process at the other end of a connection, as it was when it connected. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** What a security module calls it, as `snap.nova.compute (enforce)`; `null` = it has no name. */
  readonly label: string | null;
}

/**
 * A service's claims and records are changed by their owner and by root alone: `NOT_PERMITTED`. A
 * service that holds nothing is nobody's.
 */
export function checkOwner(
  holdings: Holdings,
  serviceName: string,
  { uid }: Caller,
): Refusal | null {
  if (uid === ROOT_UID || !holdings.holdsAnything(serviceName)) return null;
  const ownerUid = holdings.ownerOf(serviceName);
  if (ownerUid === uid) return null;
  return refusal(
    'NOT_PERMITTED',
    `Service ${serviceName} belongs to the user with uid ${ownerUid}: only that user and root may ` +
      `change what it holds, and you are uid ${uid}`,
    { owner_uid: ownerUid, uid },
  );
}
