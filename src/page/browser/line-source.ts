/** Where the page has its lines from: the command that serves it. */

import type { RecordingLine } from '../../protocol/inspect-line.js';
import { Recording, type RecordingSource } from '../../recording/recording.js';

/** What the page knows of whoever sends the lines. */
export interface SourceState {
  readonly recording: Recording;
  /** `null` before it is known. */
  readonly source: RecordingSource | null;
  /** Whether the command still answers. */
  readonly isConnected: boolean;
}

/** Listens to the command that serves this page. */
export class LineSource {
  #state: SourceState = { recording: new Recording(), source: null, isConnected: false };
  readonly #onChange: () => void;

  /** @param onChange is called once a frame at most, however many lines came */
  constructor(onChange: () => void) {
    let isDue = false;
    this.#onChange = () => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        onChange();
      });
    };
    const events = new EventSource('lines');
    events.addEventListener('open', () => this.#become({ isConnected: true }));
    events.addEventListener('error', () => this.#become({ isConnected: false }));
    events.addEventListener('source', ({ data }) => this.#become({ source: JSON.parse(data) }));
    events.addEventListener('reset', () => this.#become({ recording: new Recording() }));
    events.addEventListener('message', ({ data }: MessageEvent<string>) => this.#add(data));
  }

  get state(): SourceState {
    return this.#state;
  }

  #become(change: Partial<SourceState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onChange();
  }

  #add(data: string): void {
    for (const text of data.split('\n')) {
      const line: RecordingLine = JSON.parse(text);
      this.#state.recording.add(line, text.length);
    }
    this.#onChange();
  }
}
