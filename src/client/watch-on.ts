/** Watches a daemon over its restarts: when a watch breaks off, another begins, with a new picture. */

import { setTimeout } from 'node:timers/promises';
import { ClientError } from './client-error.js';
import { endable } from './endable.js';
import { RefusedError } from './refused-error.js';
import { type WatchWish, watch } from './watch.js';
import type { WatchLine } from './watch-lines.js';

/**
 * What was watched is not any more, and what happens now is not seen. The next line is a `snapshot`,
 * with which everything begins anew; its `seq` has nothing to do with those before.
 */
export interface InterruptedLine {
  readonly type: 'interrupted';
  /** A sentence: why. */
  readonly reason: string;
}

/** A line of a watch that goes on over restarts. There is no `overrun` in it: that is `interrupted`. */
export type WatchedLine = Exclude<WatchLine, { readonly type: 'overrun' }> | InterruptedLine;

/** Pauses between attempts to watch again: the first, and the longest; each is twice the one before. */
const RESUME_MIN_MS = 100;
const RESUME_MAX_MS = 5_000;

/**
 * Watches the daemon that serves `socketPath`, until `signal` aborts or the caller has seen enough.
 * Once there was a first picture, it is tried until it succeeds again.
 *
 * @throws ClientError when the daemon cannot be reached at the beginning, or says what is no line
 * @throws RefusedError when the daemon says no; not if it is only too busy to go on
 */
export function watchOn(
  socketPath: string,
  wish: WatchWish,
  signal?: AbortSignal,
): AsyncGenerator<WatchedLine, void, undefined> {
  return endable((ending) => watchAgain(socketPath, wish, ending), signal);
}

async function* watchAgain(
  socketPath: string,
  wish: WatchWish,
  signal: AbortSignal,
): AsyncGenerator<WatchedLine, void, undefined> {
  /** Whether the last line was a part of a watch; before the first one, there is nothing to resume. */
  let isWatching = false;
  let hasBegun = false;
  let pauseMs = RESUME_MIN_MS;
  for (;;) {
    let reason = '';
    try {
      for await (const followed of watch(socketPath, wish, signal)) {
        if ('error' in followed) throw new RefusedError(followed.error, followed.text);
        const { line } = followed;
        if (line.type === 'overrun') {
          reason = line.reason;
          break;
        }
        isWatching = true;
        hasBegun = true;
        pauseMs = RESUME_MIN_MS;
        yield line;
      }
    } catch (error) {
      if (!hasBegun || !isPassing(error)) throw error;
      reason = error.message;
    }
    if (signal.aborted) return;
    if (isWatching) yield { type: 'interrupted', reason };
    isWatching = false;
    // Not all clients at one moment.
    if (!(await hasPaused(pauseMs * (0.5 + Math.random() / 2), signal))) return;
    pauseMs = Math.min(pauseMs * 2, RESUME_MAX_MS);
  }
}

/** Whether it may be otherwise in a while: a daemon that starts has its socket to itself at first. */
function isPassing(error: unknown): error is ClientError | RefusedError {
  if (error instanceof ClientError) return error.reason !== 'BAD_REPLY';
  return error instanceof RefusedError && error.code === 'BUSY';
}

/** Waits; false when `signal` aborts meanwhile. */
async function hasPaused(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
