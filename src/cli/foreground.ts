/** Runs the daemon in the foreground until a signal ends it, or it fails. */

import { setTimeout as pause } from 'node:timers/promises';
import {
  type Config,
  type ConfigDifference,
  ConfigError,
  compareConfigs,
} from '../config/config.js';
import { AuditError } from '../daemon/audit.js';
import { type Daemon, startDaemon } from '../daemon/daemon.js';
import type { Logger } from '../daemon/log.js';
import { SocketError } from '../socket/server.js';
import { StateError } from '../state/stored-state.js';
import type { FileThreads } from '../threads/file-threads.js';
import { LAST_WORD_MS, Signals } from './signals.js';

/** What may be done beside serving. */
export interface Beside {
  /** Threads for files that were started before. */
  readonly threads?: FileThreads;
  /** Reads the configuration again, for SIGHUP; without it, SIGHUP ends the daemon. */
  readonly readAgain?: () => Config;
  /**
   * Runs once the daemon answers, and should end soon when the signal aborts; when it rejects, the
   * daemon ends and so does the rejection.
   */
  readonly whileServing?: (stopping: AbortSignal) => Promise<void>;
}

/**
 * Starts the daemon and serves until SIGTERM or SIGINT, or until its terminal is gone. A second
 * signal ends the process at once.
 *
 * @returns the exit status: 0 after a signal, 1 when the daemon could not start, or failed
 */
export async function serveInForeground(
  config: Config,
  log: Logger,
  { threads, readAgain, whileServing }: Beside = {},
): Promise<number> {
  const signals = new Signals(log, readAgain !== undefined);
  let daemon: Daemon;
  try {
    daemon = await startDaemon(config, log, threads);
  } catch (error) {
    // A fatal line is written at once, and so in front of those that are on their way.
    await pause(LAST_WORD_MS);
    logStartFailure(log, error);
    return 1;
  }
  if (readAgain !== undefined) {
    let current = config;
    signals.onReread(() => {
      current = reread(readAgain, current, daemon, log);
    });
  }
  const failed = daemon.ended.then(
    () => false,
    (error: unknown) => {
      log.fatal({ err: error }, 'the daemon failed');
      return true;
    },
  );
  try {
    // A story that is over is no reason to stop; one that failed is.
    const story = whileServing?.(signals.stopping).then(() => signals.stopped);
    await Promise.race([failed, story ?? signals.stopped]);
  } finally {
    signals.limitTime();
    // A daemon that failed rejects again, after it has closed its socket.
    await daemon.stop().catch(() => undefined);
  }
  return (await failed) ? 1 : 0;
}

/** Takes over what may change; gives the configuration that is in force then. */
function reread(readAgain: () => Config, before: Config, daemon: Daemon, log: Logger): Config {
  let difference: ConfigDifference;
  try {
    difference = compareConfigs(before, readAgain());
    daemon.reconfigure(difference.inForce);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof SocketError)) throw error;
    const reason = error.message;
    log.error({ reason }, 'the configuration cannot be used; the one before stays in force');
    return before;
  }
  const { changed, needRestart, inForce } = difference;
  log.info({ changed }, 'configuration read again');
  if (needRestart.length > 0) {
    log.warn({ settings: needRestart }, 'these settings take a restart of the daemon');
  }
  return inForce;
}

/** One sentence for what an operator can mend; the whole error for what is a fault of ours. */
function logStartFailure(log: Logger, error: unknown): void {
  const isForOperator =
    error instanceof StateError ||
    error instanceof SocketError ||
    error instanceof AuditError ||
    (error instanceof Error && 'syscall' in error);
  if (isForOperator) log.fatal(`cannot start: ${error.message}`);
  else log.fatal({ err: error }, 'cannot start');
}
