/** Counts work that is done again and again: how often it ended well, how often not, how long it took. */

import { Durations } from './durations.js';

/** A kind of work. */
export class Tally {
  /** Of what ended well. */
  readonly durations = new Durations();
  failureCount = 0;
  /** When it last ended well; milliseconds since the epoch, `null` = never. */
  lastAtMs: number | null = null;

  /** Counts what ends well now. @param beganMs by `performance.now()` */
  noteSuccess(beganMs: number): void {
    this.durations.note(performance.now() - beganMs);
    this.lastAtMs = Date.now();
  }

  /**
   * Counts a piece of work, and gives back what it gives.
   *
   * @param signal aborts when whoever waits has given up: that is a failure, whatever comes of it
   */
  async count<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
    const beganMs = performance.now();
    const noteFailure = () => this.failureCount++;
    signal.addEventListener('abort', noteFailure, { once: true });
    try {
      const result = await work;
      if (!signal.aborted) this.noteSuccess(beganMs);
      return result;
    } catch (error) {
      if (!signal.aborted) noteFailure();
      throw error;
    } finally {
      signal.removeEventListener('abort', noteFailure);
    }
  }
}
