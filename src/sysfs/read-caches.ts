/** Reads which CPUs share a last-level cache: the largest caches, that is, those nearest to memory. */

import { type CpuSet, cpusOf, hasCpu, NO_CPUS } from '../core/cpu-set.js';
import type { SysfsFiles } from './sysfs-files.js';
import { readCount, readCpuList, readCpuMask, readIds } from './sysfs-values.js';

/**
 * The CPUs of each last-level cache: each CPU of `onlineCpus` in at most one and no others,
 * ascending within a cache, caches ascending by their lowest CPU. A CPU of which the kernel tells no
 * cache is in none. Where the lists of two CPUs contradict each other, that of the lower wins.
 *
 * @throws SysfsError
 */
export function readCaches(files: SysfsFiles, onlineCpus: CpuSet): number[][] {
  const placed = new Set<number>();
  const caches: number[][] = [];
  for (const cpu of cpusOf(onlineCpus)) {
    // One CPU's list tells of the whole cache, so the others' need not be read.
    if (placed.has(cpu)) continue;
    const sharers = readSharers(files, cpu);
    if (sharers === undefined) continue;
    const cache = cpusOf(sharers).filter(
      (sharer) => sharer > cpu && hasCpu(onlineCpus, sharer) && !placed.has(sharer),
    );
    cache.unshift(cpu);
    for (const sharer of cache) placed.add(sharer);
    caches.push(cache);
  }
  return caches;
}

/** The CPUs that share the last-level cache of a CPU; `undefined` where the kernel names none. */
function readSharers(files: SysfsFiles, cpu: number): CpuSet | undefined {
  const directory = `devices/system/cpu/cpu${cpu}/cache`;
  const levels = (readIds(files, directory, 'index') ?? []).map((index) => ({
    path: `${directory}/index${index}`,
    level: readCount(files, `${directory}/index${index}/level`) ?? 0,
  }));
  // The highest first; few types are read, as it hardly ever holds instructions alone.
  levels.sort((a, b) => b.level - a.level);
  const last = levels.find(({ path }) => files.readText(`${path}/type`) !== 'Instruction');
  if (last === undefined) return undefined;
  return (
    readCpuList(files, `${last.path}/shared_cpu_list`) ??
    readCpuMask(files, `${last.path}/shared_cpu_map`) ??
    NO_CPUS
  );
}
