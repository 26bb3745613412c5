/**
 * Threads in which files are read and written, so that the main thread answers clients meanwhile.
 * Knows nothing of which files, nor of how long they may take: that is for the callers.
 */

import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';

/**
 * As many things may go on at once: a durable write, a read of the whole machine and a look at it. On
 * small machines one thread does for all of them, as each is over in a millisecond.
 */
const MAX_THREADS = 3;

/** How long an unneeded further thread stays: starting one takes 30 ms, keeping it 8 MB. */
const IDLE_TIMEOUT_MS = 60_000;

/** How long {@link FileThreads.close} waits for what is under way. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * 8,192 CPUs in 1,024 nodes, the most that Linux is built for, fit in a heap of 64 MB. Beyond the
 * limit the thread ends, not the daemon.
 */
const RESOURCE_LIMITS = {
  maxOldGenerationSizeMb: 256,
  maxYoungGenerationSizeMb: 32,
  stackSizeMb: 4,
};

/** The threads of a daemon; they do not keep the process alive. */
export interface FileThreads {
  /**
   * Has a module's default function called with `task` in a thread. It must not throw, since an error
   * loses its fields on the way back.
   *
   * @param signal aborted = the thread is ended where it is, and replaced
   * @returns what the function gives; rejects with
   * - piscina's `AbortError` as soon as the signal aborts,
   * - another `Error` when there is no thread to do it: they are closed, or out of memory. A thread
   *   that cannot start leaves tasks waiting, hence a time limit is for the caller.
   */
  run<Task, Result>(
    program: Program<Task, Result>,
    task: Task,
    signal?: AbortSignal,
  ): Promise<Result>;
  /**
   * Has this told when a thread fails in which nobody waits for anything, such as one that cannot
   * start; what failed before included.
   */
  onError(listener: (error: unknown) => void): void;
  /** Takes no more tasks, waits two seconds at most for those under way and ends the threads. */
  close(): Promise<void>;
}

/** A module whose default function takes a task and gives a result. */
export interface Program<Task, Result> {
  /** Absolute. */
  readonly path: string;
  /** Never set: it ties the types of both threads together. */
  readonly types?: (task: Task) => Result;
}

/**
 * Names a program of this project.
 *
 * @param name its path from the root, without ending: `src/sysfs/scan-worker`
 */
export function programAt<Task, Result>(name: string): Program<Task, Result> {
  const { url } = import.meta;
  const extension = url.endsWith('.ts') ? 'ts' : 'js';
  // Whatever is built stands two folders deep, as the source does.
  return { path: fileURLToPath(new URL(`../../${name}.${extension}`, url)) };
}

/** Starts one thread, and more when they are needed. */
export function startFileThreads(): FileThreads {
  const piscina = new Piscina({
    minThreads: 1,
    maxThreads: MAX_THREADS,
    idleTimeout: IDLE_TIMEOUT_MS,
    concurrentTasksPerWorker: 1,
    // The thread sleeps between tasks, which wakes it soonest; it has no timers that would miss it.
    atomics: 'sync',
    resourceLimits: RESOURCE_LIMITS,
    // A thread that is ended in the middle of a read leaves no descriptor open.
    trackUnmanagedFds: true,
    closeTimeout: CLOSE_TIMEOUT_MS,
    recordTiming: false,
    // Despite its name, `true` lets the newest waiting task with a signal go first.
    stricterFIFO: false,
    workerHistogram: false,
  });
  const untold: unknown[] = [];
  let tell = (error: unknown) => {
    untold.push(error);
  };
  piscina.on('error', (error: unknown) => {
    if (!isLateAnswer(error)) tell(error);
  });
  let closing: Promise<void> | undefined;
  return {
    async run<Task, Result>(
      { path: filename }: Program<Task, Result>,
      task: Task,
      signal?: AbortSignal,
    ): Promise<Result> {
      // Piscina would start new threads after close().
      if (closing !== undefined) throw new Error('the threads for files are closed');
      return await piscina.run(task, signal === undefined ? { filename } : { filename, signal });
    },
    onError(listener) {
      tell = listener;
      for (const error of untold.splice(0)) tell(error);
    },
    close() {
      closing ??= piscina.close({ force: true });
      return closing;
    },
  };
}

/**
 * A thread may answer in the moment in which its task is aborted. Piscina, which gives it no code,
 * calls that an error; nobody waits for the answer, and the thread is ended all the same.
 */
function isLateAnswer(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message from Worker');
}
