/** Who asks, as the kernel names the peer of a socket; and whose a service is. */

/** May change everything, and owns what was recorded before there were owners. */
export const ROOT_UID = 0;

/** What tells one owner from another. */
export interface OwnerKey {
  readonly uid: number;
  /** What a security module calls the process, as `snap.nova.compute`; `null` = it has no name. */
  readonly label: string | null;
}

/** Who made a service's first claim. */
export interface Owner extends OwnerKey {
  /** The user's own group, not one it is also in; `null` = it was not kept. */
  readonly gid: number | null;
}

/** The process at the other end of a connection, as it was when it connected. */
export interface Caller extends Owner {
  readonly gid: number;
  readonly pid: number;
}

/** To whom belongs what nobody is known to have claimed. */
export const ROOT_OWNER: Owner = { uid: ROOT_UID, gid: 0, label: null };

/** Whether somebody is {@link ROOT_OWNER}. */
export function isPlainRoot({ uid, gid, label }: Owner): boolean {
  return uid === ROOT_OWNER.uid && gid === ROOT_OWNER.gid && label === ROOT_OWNER.label;
}

/** Whether two are one and the same: the user, and what confines it. */
export function isSameOwner(a: OwnerKey, b: OwnerKey): boolean {
  return a.uid === b.uid && a.label === b.label;
}

/** A caller or owner as a sentence names it: `uid 1001`, or `uid 0 (snap.nova.compute)`. */
export function nameOfOwner({ uid, label }: Owner): string {
  return label === null ? `uid ${uid}` : `uid ${uid} (${label})`;
}
