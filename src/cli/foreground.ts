/** Runs the daemon in the foreground until a signal ends it, or it fails. */

import type { Config } from '../config/config.js';
import { startDaemon } from '../daemon/daemon.js';
import type { Logger } from '../daemon/log.js';
import { SocketError } from '../socket/server.js';
import { StateError } from '../state/stored-state.js';

/** The daemon has this long to store what is under way and to answer; then it is ended. */
const STOP_TIMEOUT_MS = 5_000;

/** npm passes a Ctrl-C on that the terminal has sent already: within this time it is the same. */
const ECHO_MS = 500;

/** Each ends the daemon; its number is the status of an end by force. SIGHUP: the terminal is gone. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** What is done beside serving; it should end soon when the signal aborts. */
export type WhileServing = (stopping: AbortSignal) => Promise<void>;

/**
 * Starts the daemon and serves until SIGTERM, SIGINT or SIGHUP. A second signal ends the process at
 * once.
 *
 * @param whileServing runs once the daemon answers; when it rejects, the daemon ends and so does
 * the rejection
 * @returns the exit status: 0 after a signal, 1 when the daemon could not start, or failed
 */
export async function serveInForeground(
  config: Config,
  log: Logger,
  whileServing?: WhileServing,
): Promise<number> {
  const stopping = abortOnSignal(log);
  let daemon: Awaited<ReturnType<typeof startDaemon>>;
  try {
    daemon = await startDaemon(config, log);
  } catch (error) {
    logStartFailure(log, error);
    return 1;
  }
  const failed = daemon.ended.then(
    () => false,
    (error: unknown) => {
      log.fatal({ err: error }, 'the daemon failed');
      return true;
    },
  );
  const signalled = new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    else stopping.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    // A story that is over is no reason to stop; one that failed is.
    const story = whileServing?.(stopping).then(() => signalled);
    await Promise.race([failed, story ?? signalled]);
  } finally {
    limitTime(log);
    // A daemon that failed rejects again, after it has closed its socket.
    await daemon.stop().catch(() => undefined);
  }
  return (await failed) ? 1 : 0;
}

/** The returned signal aborts on the first of the signals; from then on the time is limited. */
function abortOnSignal(log: Logger): AbortSignal {
  const controller = new AbortController();
  let first: { readonly name: string; readonly atMs: number } | undefined;
  for (const [name, status] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      const atMs = performance.now();
      if (first !== undefined) {
        if (name !== first.name || atMs - first.atMs > ECHO_MS) process.exit(status);
        return;
      }
      first = { name, atMs };
      log.info({ signal: name }, 'stopping');
      limitTime(log);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Ends the process if it has not ended by itself in time. */
function limitTime(log: Logger): void {
  const timer = setTimeout(() => {
    log.error(`not stopped within ${STOP_TIMEOUT_MS / 1_000} s; ended by force`);
    process.exit(1);
  }, STOP_TIMEOUT_MS);
  timer.unref();
}

/** One sentence for what an operator can mend; the whole error for what is a fault of ours. */
function logStartFailure(log: Logger, error: unknown): void {
  const isForOperator =
    error instanceof StateError ||
    error instanceof SocketError ||
    (error instanceof Error && 'syscall' in error);
  if (isForOperator) log.fatal(`cannot start: ${error.message}`);
  else log.fatal({ err: error }, 'cannot start');
}
