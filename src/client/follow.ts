/** Follows a daemon: the lines of a stream without an end, one after the other. */

import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { StreamAction } from '../protocol/request.js';
import { badReply, connectionError, streamEnded } from './client-error.js';
import { jsonOf } from './json-of.js';
import { ERROR_SCHEMA, type ErrorAnswer } from './replies.js';
import { splitLines } from './split-lines.js';

/** A line and its text as it came, or the daemon's refusal. */
export type Followed<Line> =
  | { readonly line: Line; readonly text: string }
  | { readonly error: ErrorAnswer; readonly text: string };

/** What a line is: `null` where it is to be left out; or what is wrong with it. */
export type ParsedLine<Line> = { readonly line: Line | null } | { readonly fault: string };

/**
 * Asks the daemon that serves `socketPath` for a stream, and follows it. Ends when `signal` aborts.
 *
 * @throws ClientError when the daemon cannot be reached, ends the stream, or says what is no line
 */
export async function* follow<Line>(
  socketPath: string,
  request: { readonly action: StreamAction },
  parse: (json: unknown) => ParsedLine<Line>,
  signal: AbortSignal,
): AsyncGenerator<Followed<Line>> {
  const socket = createConnection({ path: socketPath });
  const hangUp = () => socket.destroy();
  signal.addEventListener('abort', hangUp);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const text of splitLines(socket.setEncoding('utf8'))) {
      // A blank line is a sign of life.
      if (text === '') continue;
      const json = jsonOf(text);
      if (json === undefined) throw badReply(socketPath, 'a line of it is not JSON');
      const refused = ERROR_SCHEMA.safeParse(json);
      if (refused.success) {
        yield { error: refused.data, text };
        continue;
      }
      const parsed = parse(json);
      if ('fault' in parsed) throw badReply(socketPath, parsed.fault);
      if (parsed.line !== null) yield { line: parsed.line, text };
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
