/** Inspects a daemon: the lines of its recording one after the other. */

import type { RecordingLine } from '../protocol/inspect-line.js';
import { badReply } from './client-error.js';
import { follow } from './follow.js';
import { parseRecordingLine } from './recording-lines.js';
import type { ErrorAnswer } from './replies.js';

/** A line and its text as it came, or the daemon's refusal. */
export type InspectedLine =
  | { readonly line: RecordingLine; readonly text: string }
  | { readonly error: ErrorAnswer; readonly text: string };

/**
 * Inspects the daemon that serves `socketPath`; lines that only a newer daemon has are left out.
 * Ends when `signal` aborts.
 *
 * @throws ClientError when the daemon cannot be reached, ends the inspection, or says what is no line
 */
export async function* inspect(
  socketPath: string,
  signal: AbortSignal,
): AsyncGenerator<InspectedLine> {
  for await (const followed of follow(socketPath, { action: 'inspect' }, signal)) {
    if ('error' in followed) {
      yield followed;
      continue;
    }
    const parsed = parseRecordingLine(followed.json);
    if ('fault' in parsed) throw badReply(socketPath, parsed.fault);
    if (parsed.line !== null) yield { line: parsed.line, text: followed.text };
  }
}
