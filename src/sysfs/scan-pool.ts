/**
 * Reads sysfs: the whole machine in a thread, so that clients are answered meanwhile; the few files
 * that a request needs fresh here. Knows nothing of when to read: that is for the caller, as is giving
 * up on a read that takes too long.
 */

import { invariant } from '../core/invariant.js';
import type { MachineFacts, VitalSigns, Wanted } from '../core/machine.js';
import { type FileThreads, programAt } from '../threads/file-threads.js';
import { createNodeIdReader } from './read-nodes.js';
import { readVitals } from './read-vitals.js';
import { type KnownScan, scanOf } from './scan-parts.js';
import type { ScanResult, ScanTask } from './scan-worker.js';
import { SysfsError, sysfsFilesAt } from './sysfs-files.js';
import { rememberSets } from './sysfs-values.js';

/** Reads in threads under way or waiting. Requests share their reads, so that more is a fault. */
const MAX_SCANS = 16;

/**
 * Of so many nodes the page counters are read where clients are answered: with two sizes that is some
 * 30 small files, 0.2 ms. To wake a thread takes as long, and the requests behind it wait as well.
 */
const NODES_HERE_MAX = 4;

/** What takes longer than this is no file of a kernel; for a while all are read in threads. */
const SLOW_GLANCE_MS = 50;
const DISTRUST_MS = 60_000;

const program = programAt<ScanTask, ScanResult>('src/sysfs/scan-worker');

/** Settings of a {@link ScanPool}. */
export interface ScanPoolOptions {
  /** The directory that stands for `/sys`. */
  readonly root: string;
  readonly threads: FileThreads;
}

/**
 * Reads of sysfs. Those off the main thread reject with
 * - `SysfsError` when a file cannot be read or understood,
 * - piscina's `AbortError` as soon as its signal aborts; its thread is then ended and replaced,
 * - another `Error` when there is no thread to do it: closed, too many reads, out of memory.
 *
 * A thread that cannot start leaves reads waiting, hence a signal for each: give it a timeout.
 */
export interface ScanPool {
  /**
   * The facts of the whole machine; some ms with hundreds of CPUs. Parts that are as they were at the
   * read before are the same references.
   */
  readMachine(signal: AbortSignal): Promise<MachineFacts>;
  /** The vital signs, with what else is wanted; below 1 ms for the pages of a few nodes. */
  readVitals(wanted: Wanted, signal: AbortSignal): Promise<VitalSigns>;
  /**
   * The same, read here and at once; `null` = not to be had so: more than a handful of files, files
   * that were slow of late, or one that cannot be read or understood.
   */
  glance(wanted: Wanted): VitalSigns | null;
}

/** Makes a pool of reads in these threads. */
export function createScanPool({ root, threads }: ScanPoolOptions): ScanPool {
  const files = sysfsFilesAt(root);
  rememberSets(files);
  const nodeIds = createNodeIdReader(files);
  let scans = 0;
  let last: KnownScan | null = null;
  let distrustedUntilMs = 0;

  const run = async (task: ScanTask, signal: AbortSignal) => {
    if (scans >= MAX_SCANS) throw new Error(`cannot scan: ${scans} scans are waiting already`);
    scans++;
    try {
      const result = await threads.run(program, task, signal);
      if (!result.ok) throw new SysfsError(result.step, result.path, result.reason);
      return result;
    } finally {
      scans--;
    }
  };

  const isHandful = ({ pagesOf, devices }: Wanted) => {
    if (devices.length > 0) return false;
    if (pagesOf === 'none') return true;
    const nodeCount = pagesOf === 'all' ? last?.facts.nodes.length : pagesOf.length;
    return nodeCount !== undefined && nodeCount <= NODES_HERE_MAX;
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
    glance(wanted) {
      const beganMs = performance.now();
      if (beganMs < distrustedUntilMs || !isHandful(wanted)) return null;
      try {
        return readVitals(files, wanted, nodeIds());
      } catch (error) {
        if (error instanceof SysfsError) return null;
        throw error;
      } finally {
        const endedMs = performance.now();
        if (endedMs - beganMs > SLOW_GLANCE_MS) distrustedUntilMs = endedMs + DISTRUST_MS;
      }
    },
  };
}
