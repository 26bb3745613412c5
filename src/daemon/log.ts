/** The log: pino, JSON lines on stderr; readable where stderr is a terminal. */

import { type Logger, pino } from 'pino';
import type { Config } from '../config/config.js';

export type { Logger } from 'pino';

/** Makes the daemon's logger. */
export async function createLog(level: Config['logLevel']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  // Loaded only for people: a daemon under a supervisor does not need it.
  const { default: pretty } = await import('pino-pretty');
  return pino(
    options,
    pretty({ destination: 2, sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' }),
  );
}
