/**
 * The actor of the disk: carries out the store's writes, through a function that the daemon provides.
 * It lives as long as the store does, since an actor for each write would cost more than the write.
 */

import { type CallbackActorLogic, fromCallback } from 'xstate';
import type { Write } from '../src/core/snapshot.js';

/** What the disk hears. */
export type DiskEvent =
  /** Answered by one {@link DiskReport}; comes when the one before was answered or given up. */
  | { readonly type: 'WRITE'; readonly write: Write }
  /** Nobody waits any more for what is under way, and nobody hears what comes of it. */
  | { readonly type: 'GIVE_UP' };

/** What the store hears. */
export type DiskReport =
  | { readonly type: 'WRITTEN'; readonly generation: number }
  | { readonly type: 'WRITE_FAILED'; readonly error: unknown };

/**
 * Puts something on disk, durably.
 *
 * @param signal aborted = nobody waits for it any more
 * @returns the generation that it has on disk
 */
export type WriteToDisk = (write: Write, signal: AbortSignal) => Promise<number>;

export type DiskLogic = CallbackActorLogic<DiskEvent>;

/** A disk that is written to by `writeToDisk`. */
export function diskLogic(writeToDisk: WriteToDisk): DiskLogic {
  return fromCallback<DiskEvent>(({ receive, sendBack }) => {
    let underWay: AbortController | null = null;
    const giveUp = () => {
      underWay?.abort();
      underWay = null;
    };
    receive((event) => {
      giveUp();
      if (event.type === 'GIVE_UP') return;
      const own = new AbortController();
      underWay = own;
      const report = (what: DiskReport) => {
        if (underWay !== own) return;
        underWay = null;
        sendBack(what);
      };
      writeToDisk(event.write, own.signal).then(
        (generation) => report({ type: 'WRITTEN', generation }),
        (error: unknown) => report({ type: 'WRITE_FAILED', error }),
      );
    });
    return giveUp;
  });
}
