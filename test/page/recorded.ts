/** A recording of a real daemon, for tests of what the page makes of it. */

import type { RecordingLine } from '../../src/protocol/inspect-line.js';
import { Recording } from '../../src/recording/recording.js';
import { TestHost, type Wire } from '../daemon/harness.js';
import { Inspector } from '../daemon/inspector.js';

/** All lines of a daemon that is asked one thing after the other. */
export async function linesOfDaemon(
  before: readonly Wire[],
  requests: readonly Wire[],
): Promise<RecordingLine[]> {
  await using host = new TestHost();
  await host.start();
  for (const request of before) await host.ask(request);
  const inspector = await new Inspector(host.socketPath).begin();
  for (const request of requests) await host.ask(request);
  let answered = 0;
  await inspector.until(({ type }) => type === 'reply' && ++answered === requests.length);
  // What became of the coordinator that has answered is told behind the reply.
  await inspector.until(({ type }) => type === '@xstate.snapshot');
  inspector.close();
  return inspector.lines;
}

export function recordingOf(lines: readonly RecordingLine[], maxLines = 100_000): Recording {
  const recording = new Recording({ lines: maxLines, bytes: Number.POSITIVE_INFINITY });
  for (const line of lines) recording.add(line, 1);
  return recording;
}
