/** Why no reply of the daemon could be had, in one sentence that says what would work. */

import type { StreamAction } from '../protocol/request.js';

/** What went wrong between a client and the daemon. */
export type ClientErrorReason =
  | 'NO_SOCKET'
  | 'NOT_PERMITTED'
  | 'NOT_SERVED'
  | 'TIMEOUT'
  | 'CLOSED_EARLY'
  | 'BAD_REPLY'
  | 'FAILED';

/** No reply could be had. `message` is one sentence for the person who asked. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly reason: ClientErrorReason;

  constructor(reason: ClientErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

const START_OR_NAME =
  'start it with `epa-orchestrator serve`, or name its socket with --socket or EPA_SOCKET';

/** The {@link ClientError} for an error of the socket at `path`. */
export function connectionError(path: string, error: NodeJS.ErrnoException): ClientError {
  const options = { cause: error };
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ClientError(
        'NO_SOCKET',
        `cannot reach the daemon: there is no socket ${path}. ` +
          `Is the daemon running? If not, ${START_OR_NAME}`,
        options,
      );
    case 'ECONNREFUSED':
      return new ClientError(
        'NOT_SERVED',
        `cannot reach the daemon: nothing serves ${path} any more. ` +
          `The daemon that did has ended; ${START_OR_NAME}`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new ClientError(
        'NOT_PERMITTED',
        `cannot reach the daemon: this user may not open ${path}. ` +
          'Its owner and group may: use their account, or sudo',
        options,
      );
    case 'EAGAIN':
      return new ClientError(
        'FAILED',
        `cannot reach the daemon: too many clients wait at ${path}; try again`,
        options,
      );
    case 'ECONNRESET':
    case 'EPIPE':
      return closedEarly(path);
    default:
      return new ClientError(
        'FAILED',
        `cannot reach the daemon at ${path}: ${error.message}`,
        options,
      );
  }
}

/** The daemon, or what serves the socket, went away before the reply was whole. */
export function closedEarly(path: string): ClientError {
  return new ClientError(
    'CLOSED_EARLY',
    `the daemon at ${path} closed the connection before its reply was whole: it may be stopping, ` +
      'and it may have done what was asked; look with `epa-orchestrator list` once it runs again',
  );
}

/** The daemon, or what serves the socket, has ended a stream that has no end of its own. */
export function streamEnded(path: string, action: StreamAction): ClientError {
  return new ClientError(
    'CLOSED_EARLY',
    `the daemon at ${path} has ended the ${STREAM_NAMES[action]}: it stops, or what waited to be ` +
      'read was too much',
  );
}

const STREAM_NAMES: Readonly<Record<StreamAction, string>> = {
  watch: 'watch',
  inspect: 'inspection',
};

/** No whole reply came in time. */
export function timedOut(path: string, timeoutMs: number): ClientError {
  return new ClientError(
    'TIMEOUT',
    `the daemon at ${path} gave no reply within ${timeoutMs / 1_000} s: it is overloaded, its ` +
      'disk hangs, or something else serves that socket; its log says more',
  );
}

/** What came is no reply to what was asked. */
export function badReply(path: string, because: string): ClientError {
  return new ClientError(
    'BAD_REPLY',
    `what came from ${path} is not the reply that was expected (${because}): ` +
      'something else serves that socket, or a daemon of another version',
  );
}
