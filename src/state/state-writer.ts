/** Writes the state of one directory, a step after the other, and takes back what half failed. */

import { messageOf } from '../core/quoting.js';
import type { Snapshot, Write } from '../core/snapshot.js';
import { HalfDoneError } from './replace-copies.js';
import type { Replace } from './replace-in-thread.js';
import { formatState } from './state-format.js';

/** Writes to one state directory, whose lock its user has. */
export class StateWriter {
  readonly #stateDirectory: string;
  readonly #replaceCopies: Replace;
  /** Of the newest text that may be on disk; never used twice, so that the newer one wins. */
  #generation: number;
  #last: Promise<unknown> = Promise.resolve();
  /** The last write ended well: what it replaced may be written over. */
  #leftRoom = false;
  /** Writes that are under way or wait. */
  #unfinishedCount = 0;

  /** @param generation of the newest copy on disk */
  constructor(stateDirectory: string, generation: number, replaceCopies: Replace) {
    this.#stateDirectory = stateDirectory;
    this.#replaceCopies = replaceCopies;
    this.#generation = generation;
  }

  /**
   * Puts `next` on disk, durably and in both copies, once the writes before this one have ended; where
   * there are none, it is begun before this returns.
   *
   * @param signal aborted = nobody waits for it any more; it is not begun then, and one that has
   * not replaced the first copy yet does not
   * @returns the generation it has on disk
   * @throws the error of the file system; the copies then show what they did before, and if not
   * even that could be had, the message says so
   */
  write(change: Write, signal?: AbortSignal): Promise<number> {
    const before = this.#unfinishedCount++ === 0 ? null : this.#last;
    const turn = this.#writeAfter(before, change, signal);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #writeAfter(
    before: Promise<unknown> | null,
    change: Write,
    signal?: AbortSignal,
  ): Promise<number> {
    try {
      if (before !== null) await before;
      signal?.throwIfAborted();
      return await this.#replace(change, signal);
    } finally {
      this.#unfinishedCount--;
    }
  }

  /** Resolves when no write is under way or waits. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #replace({ next, acknowledged }: Write, signal?: AbortSignal): Promise<number> {
    try {
      return await this.#put(next, signal);
    } catch (error) {
      if (!(error instanceof HalfDoneError)) throw error;
      try {
        await this.#put(acknowledged);
      } catch (another) {
        throw new Error(
          `${error.message}; and what was stored before could not be put back: ` +
            messageOf(another),
          { cause: error },
        );
      }
      throw error;
    }
  }

  async #put(content: Snapshot, signal?: AbortSignal): Promise<number> {
    const generation = ++this.#generation;
    const text = formatState({ ...content, generation }, new Date());
    const room = this.#leftRoom ? 'reuse' : 'keep';
    this.#leftRoom = false;
    await this.#replaceCopies(this.#stateDirectory, text, room, signal);
    this.#leftRoom = true;
    return generation;
  }
}
