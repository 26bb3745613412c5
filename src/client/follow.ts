/** Follows a daemon: the lines of a stream without an end, one after the other. */

import { once } from 'node:events';
import { createConnection } from 'node:net';
import { badReply, connectionError, streamEnded } from './client-error.js';
import { ERROR_SCHEMA, type ErrorAnswer } from './replies.js';
import { splitLines } from './split-lines.js';

/** A line as JSON and as it came, or the daemon's refusal. */
export type Followed =
  | { readonly json: unknown; readonly text: string }
  | { readonly error: ErrorAnswer; readonly text: string };

/**
 * Asks the daemon that serves `socketPath` for a stream, and follows it. Ends when `signal` aborts.
 *
 * @throws ClientError when the daemon cannot be reached, ends the stream, or says what is no JSON
 */
export async function* follow(
  socketPath: string,
  request: { readonly action: 'watch' | 'inspect' },
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  const socket = createConnection({ path: socketPath });
  const hangUp = () => socket.destroy();
  signal.addEventListener('abort', hangUp);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const text of splitLines(socket.setEncoding('utf8'))) {
      // A blank line is a sign of life.
      if (text !== '') yield followed(text, socketPath);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw connectionError(socketPath, error as NodeJS.ErrnoException);
  } finally {
    signal.removeEventListener('abort', hangUp);
    socket.destroy();
  }
  if (!signal.aborted) throw streamEnded(socketPath, request.action);
}

function followed(text: string, socketPath: string): Followed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw badReply(socketPath, 'a line of it is not JSON');
  }
  const refused = ERROR_SCHEMA.safeParse(json);
  return refused.success ? { error: refused.data, text } : { json, text };
}
