/** A recording in a file: one line after the other, each looked at before anything is shown. */

import { createReadStream } from 'node:fs';
import { jsonOf } from '../client/json-of.js';
import { parseRecordingLine } from '../client/recording-lines.js';
import { splitLines } from '../client/split-lines.js';
import { messageOf } from '../core/quoting.js';
import { Feed } from './feed.js';
import { ViewerError } from './viewer-error.js';

/**
 * Reads the recording in a file. Of one that is longer than is kept, the end; a last line that breaks
 * off and lines that only a newer version knows are left out.
 *
 * @throws ViewerError when it cannot be read, or is no recording; `message` names the line
 */
export async function readRecording(path: string): Promise<Feed> {
  const feed = new Feed({ kind: 'file', name: path });
  let number = 0;
  try {
    for await (const text of splitLines(createReadStream(path, 'utf8'))) {
      number++;
      const json = jsonOf(text);
      if (json === undefined) throw noRecording(path, `line ${number} is not JSON`);
      const parsed = parseRecordingLine(json);
      if ('fault' in parsed) throw noRecording(path, `line ${number}: ${parsed.fault}`);
      if (parsed.line !== null) feed.add(parsed.line, text);
    }
  } catch (error) {
    if (error instanceof ViewerError) throw error;
    throw new ViewerError(`cannot read the recording ${path}: ${messageOf(error)}`);
  }
  if (feed.recording.end === 0) throw noRecording(path, 'no line of it is one');
  return feed;
}

function noRecording(path: string, reason: string): ViewerError {
  return new ViewerError(
    `${path} is no recording of an inspection (${reason}). ` +
      'One is saved from the page of `epa-orchestrator inspect`',
  );
}
