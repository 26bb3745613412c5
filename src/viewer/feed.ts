/** A recording that grows, for those who look on. */

import type { RecordingLine } from '../protocol/inspect-line.js';
import { Recording } from '../recording/recording.js';

/** Where the lines come from. */
export interface Source {
  readonly kind: 'live' | 'file';
  /** The daemon's socket, or the file. */
  readonly name: string;
}

/** The recording of a source. */
export class Feed {
  readonly source: Source;
  readonly recording = new Recording();
  readonly #listeners = new Set<() => void>();

  constructor(source: Source) {
    this.source = source;
  }

  /** @param text the line as it is written, where that is known already */
  add(line: RecordingLine, text = JSON.stringify(line)): void {
    this.recording.add(line, Buffer.byteLength(text));
    for (const listener of this.#listeners) listener();
  }

  /**
   * Calls back whenever a line was added.
   *
   * @returns how to end that
   */
  onAdded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
