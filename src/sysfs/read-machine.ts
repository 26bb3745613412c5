/**
 * Reads the whole machine from sysfs: a few files for each core, cache and node, so from a worker thread
 * and only when something changed. What every request needs is in `read-vitals.ts`.
 */

import type { MachineFacts } from '../core/machine.js';
import { readCaches } from './read-caches.js';
import { readCores, readIsolatedCpus, readOnlineCpus } from './read-cpus.js';
import { readNodes } from './read-nodes.js';
import type { SysfsFiles } from './sysfs-files.js';

/**
 * The facts of the machine whose sysfs is `files`. The files are read one after another: while
 * CPUs or nodes come and go the facts may mix two moments, but each CPU is in exactly one core
 * and in one cache at most.
 *
 * @throws SysfsError when any file that is there cannot be read or understood: all or nothing
 */
export function readMachine(files: SysfsFiles): MachineFacts {
  const onlineCpus = readOnlineCpus(files);
  return {
    onlineCpus,
    isolatedCpus: readIsolatedCpus(files),
    cores: readCores(files, onlineCpus),
    caches: readCaches(files, onlineCpus),
    nodes: readNodes(files),
  };
}
