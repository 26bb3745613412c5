/**
 * Reads sysfs in worker threads, so that the main thread answers clients meanwhile. Knows nothing
 * of when to read: that is for the caller, as is giving up on a read that takes too long.
 */

import { Piscina } from 'piscina';
import { invariant } from '../core/invariant.js';
import type { MachineFacts, VitalSigns, Wanted } from '../core/machine.js';
import { type KnownScan, scanOf } from './scan-parts.js';
import type { ScanResult, ScanTask } from './scan-worker.js';
import { SysfsError } from './sysfs-files.js';

/** A second thread, so that a long read of the whole machine holds up no request. */
const MAX_THREADS = 2;

/** Reads under way or waiting. Requests share their reads, so that more than a few is a fault. */
const MAX_SCANS = 16;

/** How long an unneeded second thread stays: starting one takes 30 ms, keeping it 10 MB. */
const IDLE_TIMEOUT_MS = 60_000;

/** How long {@link ScanPool.close} waits for reads under way. */
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

/** Settings of a {@link ScanPool}. */
export interface ScanPoolOptions {
  /** The directory that stands for `/sys`. */
  readonly root: string;
  /** Told when a thread fails that no read waits for, such as one that cannot start. */
  readonly onError: (error: unknown) => void;
}

/**
 * Reads of sysfs off the main thread. A read rejects with
 * - `SysfsError` when a file cannot be read or understood,
 * - piscina's `AbortError` as soon as its signal aborts; its thread is then ended and replaced,
 * - another `Error` when there is no thread to do it: pool closed, too many reads, out of memory.
 *
 * A thread that cannot start (see `onError`) leaves reads waiting, hence a signal for each: give
 * it a timeout.
 */
export interface ScanPool {
  /**
   * The facts of the whole machine; some ms with hundreds of CPUs. Parts that are as they were at the
   * read before are the same references.
   */
  readMachine(signal: AbortSignal): Promise<MachineFacts>;
  /** The vital signs, with what else is wanted; below 1 ms for the pages of a few nodes. */
  readVitals(wanted: Wanted, signal: AbortSignal): Promise<VitalSigns>;
  /** Takes no more reads, waits two seconds at most for those under way and ends the threads. */
  close(): Promise<void>;
}

/** Starts a pool with one thread, which does not keep the process alive. */
export function createScanPool({ root, onError }: ScanPoolOptions): ScanPool {
  const piscina = startThreads();
  piscina.on('error', (error: unknown) => {
    if (!isLateAnswer(error)) onError(error);
  });
  let scans = 0;
  let last: KnownScan | null = null;
  let closing: Promise<void> | undefined;

  const run = async (task: ScanTask, signal: AbortSignal) => {
    // Piscina would start new threads after close(), and counts no tasks with a signal to maxQueue.
    if (closing !== undefined) throw new Error('cannot scan: the scan pool is closed');
    if (scans >= MAX_SCANS) throw new Error(`cannot scan: ${scans} scans are waiting already`);
    scans++;
    try {
      const result = await piscina.run(task, { signal });
      if (!result.ok) throw new SysfsError(result.step, result.path, result.reason);
      return result;
    } finally {
      scans--;
    }
  };

  return {
    async readMachine(signal) {
      const known = last;
      const result = await run({ kind: 'machine', root, known: known?.digests ?? null }, signal);
      invariant(result.kind === 'machine', 'a scan of the machine gives facts of the machine');
      last = scanOf(result.value, known);
      return last.facts;
    },
    async readVitals(wanted, signal) {
      const result = await run({ kind: 'vitals', root, wanted }, signal);
      invariant(result.kind === 'vitals', 'a scan of the vital signs gives vital signs');
      return result.value;
    },
    close() {
      closing ??= piscina.close({ force: true });
      return closing;
    },
  };
}

/**
 * A thread may answer in the moment in which its read is aborted. Piscina, which gives it no code,
 * calls that an error; nobody waits for the answer, and the thread is ended all the same.
 */
function isLateAnswer(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message from Worker');
}

function startThreads(): Piscina<ScanTask, ScanResult> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new Piscina<ScanTask, ScanResult>({
    filename: new URL(`./scan-worker.${extension}`, import.meta.url).href,
    minThreads: 1,
    maxThreads: MAX_THREADS,
    idleTimeout: IDLE_TIMEOUT_MS,
    maxQueue: MAX_SCANS,
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
}
