/** Watches a daemon: its lines one after the other, until it ends or the caller has seen enough. */

import { type Followed, follow, type ParsedLine } from './follow.js';
import { firstIssue } from './replies.js';
import { WATCH_LINE_SCHEMA, type WatchLine } from './watch-lines.js';

/** What is to be watched. */
export interface WatchWish {
  /** Names of services, in which `*` stands for any characters; all, if it is not said. */
  readonly services?: readonly string[] | undefined;
}

/**
 * Watches the daemon that serves `socketPath`. Ends when `signal` aborts.
 *
 * @throws ClientError when the daemon cannot be reached, ends the watch, or says what is no line
 */
export function watch(
  socketPath: string,
  { services }: WatchWish,
  signal: AbortSignal,
): AsyncGenerator<Followed<WatchLine>> {
  const request = { action: 'watch', services } as const;
  return follow(socketPath, request, parseWatchLine, signal);
}

function parseWatchLine(json: unknown): ParsedLine<WatchLine> {
  const parsed = WATCH_LINE_SCHEMA.safeParse(json);
  return parsed.success ? { line: parsed.data } : { fault: firstIssue(parsed.error) };
}
