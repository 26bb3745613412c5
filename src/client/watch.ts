/** Watches a daemon: its lines one after the other, until it ends or the caller has seen enough. */

import { badReply } from './client-error.js';
import { follow } from './follow.js';
import { type ErrorAnswer, firstIssue } from './replies.js';
import { WATCH_LINE_SCHEMA, type WatchLine } from './watch-lines.js';

/** What is to be watched. */
export interface WatchWish {
  /** Names of services, in which `*` stands for any characters; all, if it is not said. */
  readonly services?: readonly string[] | undefined;
}

/** A line and its text as it came, or the daemon's refusal. */
export type Watched =
  | { readonly line: WatchLine; readonly text: string }
  | { readonly error: ErrorAnswer; readonly text: string };

/**
 * Watches the daemon that serves `socketPath`. Ends when `signal` aborts.
 *
 * @throws ClientError when the daemon cannot be reached, ends the watch, or says what is no line
 */
export async function* watch(
  socketPath: string,
  { services }: WatchWish,
  signal: AbortSignal,
): AsyncGenerator<Watched> {
  const request = { action: 'watch', services } as const;
  for await (const followed of follow(socketPath, request, signal)) {
    if ('error' in followed) {
      yield followed;
      continue;
    }
    const { json, text } = followed;
    const parsed = WATCH_LINE_SCHEMA.safeParse(json);
    if (!parsed.success) throw badReply(socketPath, firstIssue(parsed.error));
    yield { line: parsed.data, text };
  }
}
