/** What signals ask of a daemon in the foreground: to end, to end at once, or to read again. */

import type { Logger } from '../daemon/log.js';
import { hasControllingTerminal } from './controlling-terminal.js';
import { exitAtOnce } from './exit-at-once.js';

/** The daemon has this long to store what is under way and to answer; then it is ended. */
const STOP_TIMEOUT_MS = 5_000;

/** npm passes a Ctrl-C on that the terminal has sent already: within this time it is the same. */
const ECHO_MS = 500;

/** A line of the log that was written last needs a moment to leave. */
export const LAST_WORD_MS = 100;

/** Exit status of a process that such a signal ends by force. */
const STATUSES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type SignalName = keyof typeof STATUSES;

/** Listens to signals from its making on. */
export class Signals {
  readonly #log: Logger;
  readonly #controller = new AbortController();
  readonly #hadTerminal = hasControllingTerminal();
  #first: { readonly name: SignalName; readonly atMs: number } | undefined;
  #reread: (() => void) | null = null;
  /** A SIGHUP came before there was anything to do about it. */
  #isRereadDue = false;

  /** @param rereads whether SIGHUP asks to read the configuration again; otherwise it ends, too */
  constructor(log: Logger, rereads: boolean) {
    this.#log = log;
    for (const name of Object.keys(STATUSES) as SignalName[]) {
      process.on(name, () => {
        if (name === 'SIGHUP' && rereads && !this.#isTerminalGone()) this.#askToReread();
        else this.#askToStop(name);
      });
    }
  }

  /** Aborts when the daemon is to end. */
  get stopping(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the daemon is to end. */
  get stopped(): Promise<void> {
    const { signal } = this.#controller;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Has SIGHUP answered by this, one that came before included. */
  onReread(reread: () => void): void {
    this.#reread = reread;
    if (this.#isRereadDue) reread();
    this.#isRereadDue = false;
  }

  /** Ends the process if it has not ended by itself in time. */
  limitTime(): void {
    const timer = setTimeout(() => {
      this.#log.error(`not stopped within ${STOP_TIMEOUT_MS / 1_000} s; ended by force`);
      setTimeout(exitAtOnce, LAST_WORD_MS, 1);
    }, STOP_TIMEOUT_MS - LAST_WORD_MS);
    timer.unref();
  }

  /** Nobody is there to end it with Ctrl-C any more: for this, too, SIGHUP is sent. */
  #isTerminalGone(): boolean {
    return this.#hadTerminal && !hasControllingTerminal();
  }

  #askToReread(): void {
    if (this.stopping.aborted) return;
    if (this.#reread === null) this.#isRereadDue = true;
    else this.#reread();
  }

  #askToStop(name: SignalName): void {
    const atMs = performance.now();
    if (this.#first !== undefined) {
      if (name !== this.#first.name || atMs - this.#first.atMs > ECHO_MS) {
        exitAtOnce(STATUSES[name]);
      }
      return;
    }
    this.#first = { name, atMs };
    this.#log.info({ signal: name }, 'stopping');
    this.limitTime();
    this.#controller.abort();
  }
}
