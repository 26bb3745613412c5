/**
 * What runs in the threads of the scan pool: one read of sysfs for each task. Never throws, since
 * an error loses its fields on the way to the main thread; imports no more than the readers, since
 * that is what a new thread waits for.
 */

import type { SysfsProblem, VitalSigns, Wanted } from '../core/machine.js';
import { readMachine } from './read-machine.js';
import { readVitals } from './read-vitals.js';
import { type Digests, partsOf, type ScannedParts } from './scan-parts.js';
import { SysfsError, type SysfsStep, sysfsFilesAt } from './sysfs-files.js';

/** What to read, from the directory `root` that stands for `/sys`. */
export type ScanTask =
  | { readonly kind: 'machine'; readonly root: string; readonly known: Digests | null }
  | { readonly kind: 'vitals'; readonly root: string; readonly wanted: Wanted };

/** What came of a task: the value of its kind, or what a {@link SysfsError} said. */
export type ScanResult =
  | { readonly ok: true; readonly kind: 'machine'; readonly value: ScannedParts }
  | { readonly ok: true; readonly kind: 'vitals'; readonly value: VitalSigns }
  | ({ readonly ok: false; readonly step: SysfsStep } & SysfsProblem);

/** Does one task. Never throws: a failure that is none of sysfs is told with the root as path. */
export default function scan(task: ScanTask): ScanResult {
  try {
    const files = sysfsFilesAt(task.root);
    if (task.kind === 'machine') {
      return { ok: true, kind: 'machine', value: partsOf(readMachine(files), task.known) };
    }
    return { ok: true, kind: 'vitals', value: readVitals(files, task.wanted) };
  } catch (error) {
    if (error instanceof SysfsError) {
      return { ok: false, step: error.step, path: error.path, reason: error.reason };
    }
    return { ok: false, step: 'read', path: task.root, reason: String(error) };
  }
}
