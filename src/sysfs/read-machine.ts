/**
 * Reads the whole machine from sysfs: a few files for each core, cache and node, so from a worker thread
 * and only when something changed. What every request needs is in `read-vitals.ts`.
 */

import { type CpuSet, groupsWithin, intersectCpus } from '../core/cpu-set.js';
import { isOutdated } from '../core/freshen.js';
import type { MachineFacts } from '../core/machine.js';
import { readCaches } from './read-caches.js';
import { readCores, readIsolatedCpus, readOnlineCpus } from './read-cpus.js';
import { readNodes } from './read-nodes.js';
import { readVitals } from './read-vitals.js';
import type { SysfsFiles } from './sysfs-files.js';

/** As often at most: where CPUs come and go all the time, the daemon looks again soon anyway. */
const READS_MAX = 3;

/**
 * The facts of the machine whose sysfs is `files`. The files are read one after another; when CPUs or
 * nodes came or went meanwhile, all are read again, and where that goes on and on, CPUs count that were
 * online all the time: else one seems to sit in no node, because its node was read a moment later. Each
 * CPU is in exactly one core and in one cache at most.
 *
 * @throws SysfsError when any file that is there cannot be read or understood: all or nothing
 */
export function readMachine(files: SysfsFiles): MachineFacts {
  for (let reads = 1; ; reads++) {
    const facts = readOnce(files);
    const vitals = readVitals(files, { pagesOf: 'none', devices: [] });
    if (!isOutdated(facts, vitals)) return facts;
    if (reads === READS_MAX) return withoutCpusThatWent(facts, vitals.onlineCpus);
  }
}

/** @param left that were online when all had been read */
function withoutCpusThatWent(facts: MachineFacts, left: CpuSet): MachineFacts {
  return {
    ...facts,
    onlineCpus: intersectCpus(facts.onlineCpus, left),
    cores: groupsWithin(facts.cores, left),
    caches: groupsWithin(facts.caches, left),
  };
}

function readOnce(files: SysfsFiles): MachineFacts {
  const onlineCpus = readOnlineCpus(files);
  return {
    onlineCpus,
    isolatedCpus: readIsolatedCpus(files),
    cores: readCores(files, onlineCpus),
    caches: readCaches(files, onlineCpus),
    nodes: readNodes(files),
  };
}
