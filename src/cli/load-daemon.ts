/** Loads the daemon when a command runs it: those that only ask start a quarter faster without. */

import type { Config } from '../config/config.js';
import type { Logger } from '../daemon/log.js';
import type { Beside } from './foreground.js';

/** What a command needs to run the daemon. */
export async function loadDaemon() {
  // A thread takes as long to start as all the rest to load, and does so meanwhile.
  const { startFileThreads } = await import('../threads/file-threads.js');
  const threads = startFileThreads();
  const [{ createLog }, { serveInForeground }] = await Promise.all([
    import('../daemon/log.js'),
    import('./foreground.js'),
  ]);
  return {
    createLog,
    serveInForeground: (config: Config, log: Logger, beside: Beside) =>
      serveInForeground(config, log, { ...beside, threads }),
  };
}
