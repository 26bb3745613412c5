/** What the panels of the page are handed: a moment of the recording, and the one before it. */

import type { Seen } from '../recording/seen.js';

export interface Moment {
  readonly seen: Seen;
  /** What was seen before the chosen message; `null` while the page follows what happens. */
  readonly before: Seen | null;
}
