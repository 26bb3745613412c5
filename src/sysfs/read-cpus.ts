/** Reads which CPUs there are: those online, those isolated, and which of them share a core. */

import { type CpuSet, cpuSetOf, cpusOf, hasCpu, isEmpty, NO_CPUS } from '../core/cpu-set.js';
import { SysfsError, type SysfsFiles } from './sysfs-files.js';
import { notUnderstood, readCount, readCpuList, readCpuMask, readIds } from './sysfs-values.js';

const CPU_DIRECTORY = 'devices/system/cpu';

/**
 * The CPUs that are online. Kernels and containers without `cpu/online` show it by directory:
 * a CPU is online unless its own `online` file says 0.
 *
 * @throws SysfsError also when no CPU is online: then this is no sysfs, or one half mounted
 */
export function readOnlineCpus(files: SysfsFiles): CpuSet {
  const path = `${CPU_DIRECTORY}/online`;
  const listed = readCpuList(files, path);
  if (listed !== undefined) {
    if (isEmpty(listed)) throw notUnderstood(files, path, 'it names no CPU');
    return listed;
  }
  const cpus = (readIds(files, CPU_DIRECTORY, 'cpu') ?? []).filter(
    (cpu) => readCount(files, `${CPU_DIRECTORY}/cpu${cpu}/online`) !== 0,
  );
  if (cpus.length === 0) {
    throw new SysfsError('read', `${files.root}/${path}`, 'no such file, and no CPU beside it');
  }
  return cpuSetOf(cpus);
}

/**
 * The CPUs of the machine, offline ones included.
 *
 * @throws SysfsError
 */
export function readPresentCpus(files: SysfsFiles): CpuSet {
  return (
    readCpuList(files, `${CPU_DIRECTORY}/present`) ??
    cpuSetOf(readIds(files, CPU_DIRECTORY, 'cpu') ?? [])
  );
}

/**
 * The CPUs that the kernel was told to isolate (`isolcpus=`), offline ones included.
 *
 * @throws SysfsError
 */
export function readIsolatedCpus(files: SysfsFiles): CpuSet {
  return readCpuList(files, `${CPU_DIRECTORY}/isolated`) ?? NO_CPUS;
}

/**
 * The thread siblings of each core: each CPU of `onlineCpus` in exactly one core and no others,
 * ascending within a core, cores ascending by their lowest CPU. A CPU whose siblings nobody tells
 * is a core of its own. Where the lists of two CPUs contradict each other, that of the lower wins.
 *
 * @throws SysfsError
 */
export function readCores(files: SysfsFiles, onlineCpus: CpuSet): number[][] {
  const placed = new Set<number>();
  const cores: number[][] = [];
  for (const cpu of cpusOf(onlineCpus)) {
    // One sibling's list tells of the whole core, so the others' need not be read.
    if (placed.has(cpu)) continue;
    const siblings = readSiblings(files, cpu) ?? NO_CPUS;
    const core = cpusOf(siblings).filter(
      (sibling) => sibling !== cpu && hasCpu(onlineCpus, sibling) && !placed.has(sibling),
    );
    // Every lower CPU is placed already, so this one comes first.
    core.unshift(cpu);
    for (const sibling of core) placed.add(sibling);
    cores.push(core);
  }
  return cores;
}

/** `core_cpus` is the newer name; old kernels have masks only, and some dumps one of the four. */
function readSiblings(files: SysfsFiles, cpu: number): CpuSet | undefined {
  const directory = `${CPU_DIRECTORY}/cpu${cpu}/topology`;
  return (
    readCpuList(files, `${directory}/thread_siblings_list`) ??
    readCpuList(files, `${directory}/core_cpus_list`) ??
    readCpuMask(files, `${directory}/thread_siblings`) ??
    readCpuMask(files, `${directory}/core_cpus`)
  );
}
