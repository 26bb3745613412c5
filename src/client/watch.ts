/** Watches a daemon: its lines one after the other, until it ends or the caller has seen enough. */

import { once } from 'node:events';
import { createConnection } from 'node:net';
import { badReply, connectionError, watchEnded } from './client-error.js';
import { ERROR_SCHEMA, type ErrorAnswer } from './replies.js';
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
  const socket = createConnection({ path: socketPath });
  const hangUp = () => socket.destroy();
  signal.addEventListener('abort', hangUp);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${JSON.stringify({ action: 'watch', services })}\n`);
    let rest = '';
    for await (const chunk of socket.setEncoding('utf8')) {
      const texts = `${rest}${chunk}`.split('\n');
      rest = texts.pop() ?? '';
      // A blank line is a sign of life.
      for (const text of texts) if (text !== '') yield watched(text, socketPath);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw connectionError(socketPath, error as NodeJS.ErrnoException);
  } finally {
    signal.removeEventListener('abort', hangUp);
    socket.destroy();
  }
  if (!signal.aborted) throw watchEnded(socketPath);
}

function watched(text: string, socketPath: string): Watched {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw badReply(socketPath, 'a line of it is not JSON');
  }
  const refused = ERROR_SCHEMA.safeParse(json);
  if (refused.success) return { error: refused.data, text };
  const parsed = WATCH_LINE_SCHEMA.safeParse(json);
  if (parsed.success) return { line: parsed.data, text };
  const issue = parsed.error.issues[0];
  throw badReply(socketPath, `${issue?.path.join('.')}: ${issue?.message}`);
}
