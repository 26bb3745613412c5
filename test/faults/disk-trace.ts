/**
 * Makes system calls of a running daemon fail, or wait, as a disk makes them: `strace` attached to
 * all threads of the process, also to those in which libuv writes files.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import type { DaemonProcess } from '../process/daemon-process.js';
import { undoneInAnyCase } from '../process/undone-in-any-case.js';

/** Which system calls, and what becomes of them. */
export interface CallFault {
  /** Only calls on this path, by name or by a descriptor of it; of a rename, the old name. */
  readonly path: string;
  /** System call → what `strace -e inject=` takes behind it: `error=EIO`, `delay_enter=5s`. */
  readonly calls: Readonly<Record<string, string>>;
}

/** Longer than any test. */
const FOR_EVER = 'delay_enter=600s';

/** A fault in force. */
export class DiskTrace {
  readonly #strace: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #kill: () => void;
  #said = '';

  private constructor(words: readonly string[]) {
    this.#strace = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#ended = once(this.#strace, 'close');
    this.#kill = undoneInAnyCase(() => this.#strace.kill('SIGKILL'));
    this.#strace.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /**
   * Resolves when the fault is in force.
   *
   * @throws Error with what `strace` says when it cannot trace
   */
  static async attach(daemon: DaemonProcess, { path, calls }: CallFault): Promise<DiskTrace> {
    return DiskTrace.#of(daemon, [path], Object.keys(calls), [
      ...Object.entries(calls).flatMap(([call, what]) => ['-e', `inject=${call}:${what}`]),
    ]);
  }

  /** Only looks on: see {@link callsSeen}. Resolves when it does. */
  static watch(
    daemon: DaemonProcess,
    paths: readonly string[],
    calls: readonly string[],
  ): Promise<DiskTrace> {
    return DiskTrace.#of(daemon, paths, calls, ['-y']);
  }

  static async #of(
    daemon: DaemonProcess,
    paths: readonly string[],
    calls: readonly string[],
    words: readonly string[],
  ): Promise<DiskTrace> {
    const trace = new DiskTrace([
      ...['-f', '-p', String(daemon.process.pid), ...paths.flatMap((path) => ['-P', path])],
      ...['-e', `trace=${calls.join(',')}`, '-e', 'signal=none', ...words],
    ]);
    const attached = new Promise<boolean>((resolve) => {
      trace.#strace.stderr?.on('data', () => {
        if (/Process \d+ attached/.test(trace.#said)) resolve(true);
      });
      void trace.#ended.then(() => resolve(false));
    });
    if (await attached) return trace;
    throw new Error(`the daemon cannot be traced: ${trace.#said.trim()}`);
  }

  /**
   * The disk does not answer this call any more, until the trace is detached. Until then the
   * process cannot end either: strace keeps the thread that waits.
   */
  static hold(daemon: DaemonProcess, call: string, path: string): Promise<DiskTrace> {
    return DiskTrace.attach(daemon, { path, calls: { [call]: FOR_EVER } });
  }

  /** Calls that were made to fail so far. */
  get failedCallCount(): number {
    return this.#said.split('(INJECTED').length - 1;
  }

  /** The calls so far, each with the name of the file that it is about first: `fsync state`. */
  get callsSeen(): string[] {
    return [
      ...this.#said.matchAll(/^(?:\[pid +\d+\] )?(\w+)\((?:\d+<|AT_FDCWD\S*, "|")([^">]+)/gm),
    ].map(([, call, path]) => `${call} ${basename(path ?? '')}`);
  }

  /** Resolves when the fault is over; what was held goes on. */
  async detach(): Promise<void> {
    // The daemon may be gone, and strace with it.
    this.#strace.kill('SIGTERM');
    await this.#ended;
    this.#kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.detach();
  }
}
