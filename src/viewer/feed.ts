/** A recording that grows, for those who look on. */

import type { RecordingLine } from '../protocol/inspect-line.js';
import { Recording, type RecordingSource } from '../recording/recording.js';

/** The recording of a source. */
export class Feed {
  readonly source: RecordingSource;
  readonly recording = new Recording();
  readonly #listeners = new Set<() => void>();

  constructor(source: RecordingSource) {
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
