/**
 * A recording of an inspection: its lines, as many as there is room for, and what was seen at any
 * of them. When the oldest must go, what was seen after them is kept in their place.
 */

import { invariant } from '../core/invariant.js';
import type { RecordingLine } from '../protocol/inspect-line.js';
import { NOTHING_SEEN, type Seen, seenAfter } from './seen.js';

/** Where the lines of a recording come from. */
export interface RecordingSource {
  readonly kind: 'live' | 'file';
  /** The daemon's socket, or the file. */
  readonly name: string;
}

/** How much is kept: minutes of a busy daemon, or days of a quiet one. */
export interface RecordingLimits {
  readonly lines: number;
  /** Of all lines together, as they are written. */
  readonly bytes: number;
}

export const RECORDING_LIMITS: RecordingLimits = { lines: 100_000, bytes: 64 * 1024 * 1024 };

/** When there is no room, this share of what is kept goes at once. */
const DROPPED_SHARE = 0.1;

/** What was seen is kept every so many lines; in between it is made from the lines again. */
const STRIDE = 256;

interface KeptLine {
  readonly line: RecordingLine;
  readonly byteCount: number;
}

/** The lines have numbers that never change, from 0 on. */
export class Recording {
  readonly #limits: RecordingLimits;
  #kept: KeptLine[] = [];
  #first = 0;
  #byteCount = 0;
  /** Number of a line → what was seen before it; there is always one of the first that is kept. */
  readonly #moments = new Map<number, Seen>([[0, NOTHING_SEEN]]);

  constructor(limits = RECORDING_LIMITS) {
    this.#limits = limits;
  }

  /** The number of the oldest line that is kept. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next line gets. */
  get end(): number {
    return this.#first + this.#kept.length;
  }

  /** @param byteCount how long the line is, as it is written */
  add(line: RecordingLine, byteCount: number): void {
    this.#kept.push({ line, byteCount });
    this.#byteCount += byteCount;
    const { lines, bytes } = this.#limits;
    if (this.#kept.length > lines || this.#byteCount > bytes) this.#makeRoom();
  }

  /** The line of this number, which must be kept. */
  at(number: number): RecordingLine {
    const kept = this.#kept[number - this.#first];
    invariant(kept !== undefined, `line ${number} is not kept`);
    return kept.line;
  }

  /** What was seen when all lines before this number had been read. */
  seenBefore(number: number): Seen {
    invariant(number >= this.#first && number <= this.end, `line ${number} is not kept`);
    let at = Math.max(number - (number % STRIDE), this.#first);
    while (!this.#moments.has(at)) at = Math.max(at - STRIDE, this.#first);
    let seen = this.#moments.get(at) ?? NOTHING_SEEN;
    while (at < number) {
      seen = seenAfter(seen, this.at(at));
      at++;
      if (at % STRIDE === 0) this.#moments.set(at, seen);
    }
    return seen;
  }

  #makeRoom(): void {
    const { lines, bytes } = this.#limits;
    let count = Math.max(1, Math.floor(this.#kept.length * DROPPED_SHARE));
    let left = this.#kept
      .slice(0, count)
      .reduce((sum, { byteCount }) => sum - byteCount, this.#byteCount);
    while (left > bytes && count < this.#kept.length - 1) {
      left -= this.#kept[count]?.byteCount ?? 0;
      count++;
    }
    invariant(this.#kept.length - count <= lines, 'no room was made');
    const first = this.#first + count;
    const seen = this.seenBefore(first);
    this.#kept = this.#kept.slice(count);
    this.#first = first;
    this.#byteCount = left;
    for (const at of this.#moments.keys()) if (at < first) this.#moments.delete(at);
    this.#moments.set(first, seen);
  }
}
