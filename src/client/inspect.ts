/** Inspects a daemon: the lines of its recording one after the other. */

import type { RecordingLine } from '../protocol/inspect-line.js';
import { type Followed, follow } from './follow.js';
import { parseRecordingLine } from './recording-lines.js';

/**
 * Inspects the daemon that serves `socketPath`; lines that only a newer daemon has are left out.
 * Ends when `signal` aborts.
 *
 * @throws ClientError when the daemon cannot be reached, ends the inspection, or says what is no line
 */
export function inspect(
  socketPath: string,
  signal: AbortSignal,
): AsyncGenerator<Followed<RecordingLine>> {
  return follow(socketPath, { action: 'inspect' }, parseRecordingLine, signal);
}
