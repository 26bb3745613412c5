/** Records what a daemon does, also beyond its end: the next one on the same socket is recorded too. */

import { setTimeout as pause } from 'node:timers/promises';
import { ClientError } from '../client/client-error.js';
import { inspect } from '../client/inspect.js';
import { RefusedError } from '../client/refused-error.js';
import type { Feed } from '../viewer/feed.js';
import { printError } from './terminal.js';

/** A daemon that has gone is looked for so often. */
const RETRY_MS = 1_000;

/** A recording that is under way. */
export interface DaemonRecording {
  /** Resolves when the first line is there; rejects when the daemon cannot be inspected. */
  readonly begun: Promise<void>;
  /** Resolves when it was interrupted. */
  readonly ended: Promise<void>;
}

/** Records the daemon that serves `socketPath`, until it is interrupted. */
export function recordDaemon(
  socketPath: string,
  feed: Feed,
  interrupted: AbortSignal,
): DaemonRecording {
  const first = new Promise<void>((resolve) => {
    const stop = feed.onAdded(() => {
      stop();
      resolve();
    });
  });
  const ended = record(socketPath, feed, interrupted);
  return { begun: Promise.race([first, ended]), ended };
}

async function record(socketPath: string, feed: Feed, interrupted: AbortSignal): Promise<void> {
  let isLost = false;
  while (!interrupted.aborted) {
    try {
      for await (const inspected of inspect(socketPath, interrupted)) {
        if ('error' in inspected) throw new RefusedError(inspected.error, inspected.text);
        feed.add(inspected.line, inspected.text);
        if (isLost) printError('the daemon is inspected again');
        isLost = false;
      }
    } catch (error) {
      const isTold = error instanceof ClientError || error instanceof RefusedError;
      const isNothingRecorded = feed.recording.end === 0;
      if (isNothingRecorded || !isTold) throw error;
      if (!isLost) noteLoss(feed, error.message);
      isLost = true;
      // An interruption ends the pause, and then the loop.
      await pause(RETRY_MS, undefined, { signal: interrupted }).catch(() => undefined);
    }
  }
}

function noteLoss(feed: Feed, reason: string): void {
  feed.add({ type: 'inspection_ended', time: new Date().toISOString(), reason });
  printError(`${reason}. It is looked for again; the page keeps what was recorded`);
}
