/** The log: pino, JSON lines on stderr; readable where stderr is a terminal. */

import { type Logger, pino } from 'pino';
import type { Config } from '../config/config.js';

export type { Logger } from 'pino';

/**
 * Bytes that wait for a reader of stderr who has stopped reading; beyond it lines are dropped.
 * The daemon neither waits for its log nor grows by it.
 */
const UNWRITTEN_MAX_BYTES = 1024 * 1024;

/** Makes the daemon's logger. What is written when the process exits is flushed then. */
export async function createLog(level: Config['logLevel']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) {
    return pino(options, new TurnOfLines());
  }
  // Loaded only for people: a daemon under a supervisor does not need it.
  const { default: pretty } = await import('pino-pretty');
  return pino(
    options,
    pretty({ destination: 2, sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' }),
  );
}

/**
 * Writes the lines of a turn of the event loop together. By itself the destination counts all that
 * waits anew with each line, which took a twelfth of the memory that a busy daemon went through.
 */
class TurnOfLines {
  readonly #destination = pino.destination({
    fd: 2,
    sync: false,
    maxLength: UNWRITTEN_MAX_BYTES,
  });
  #text = '';

  constructor() {
    // The destination itself is flushed then without being told.
    process.once('exit', () => {
      if (this.#text !== '') this.flushSync();
    });
  }

  write(line: string): void {
    if (this.#text === '') setImmediate(() => this.#handOn());
    this.#text += line;
  }

  /** Called by pino when the process is about to end. */
  flushSync(): void {
    this.#handOn();
    this.#destination.flushSync();
  }

  #handOn(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#destination.write(text);
  }
}
