/** Reads NUMA nodes: which there are, their CPUs, memory, hugepages and distances. */

import { cpusOf, NO_CPUS } from '../core/cpu-set.js';
import {
  type Distances,
  NO_DISTANCES,
  type NodeFacts,
  type PageCounters,
} from '../core/machine.js';
import { directoryStamp, type SysfsFiles } from './sysfs-files.js';
import {
  parseCount,
  parseCounts,
  readCount,
  readCpuList,
  readCpuMask,
  readIds,
} from './sysfs-values.js';

const NODE_DIRECTORY = 'devices/system/node';

/**
 * The ids of the nodes that have a directory, ascending. `node/possible` is not asked: it names
 * nodes that may never come. Empty on a machine without NUMA.
 *
 * @throws SysfsError
 */
export function readNodeIds(files: SysfsFiles): number[] {
  return readIds(files, NODE_DIRECTORY, 'node') ?? [];
}

/**
 * Reads the ids of the nodes again and again, and their names only when there may be others: a
 * thousand names take a quarter of a millisecond. A kernel that has one node less and another one
 * more says so in the list of those online.
 *
 * @throws SysfsError
 */
export function createNodeIdReader(files: SysfsFiles): () => readonly number[] {
  let known: { readonly stamp: string; readonly nodeIds: readonly number[] } | null = null;
  return () => {
    const directory = directoryStamp(`${files.root}/${NODE_DIRECTORY}`);
    const stamp = `${directory} ${files.readText(`${NODE_DIRECTORY}/online`) ?? ''}`;
    if (directory === null || known?.stamp !== stamp)
      known = { stamp, nodeIds: readNodeIds(files) };
    return known.nodeIds;
  };
}

/**
 * All nodes, ascending by id.
 *
 * @throws SysfsError
 */
export function readNodes(files: SysfsFiles): NodeFacts[] {
  const nodeIds = readNodeIds(files);
  const columnIds = readColumnIds(files, nodeIds);
  return nodeIds.map((nodeId) => ({
    nodeId,
    listedCpus:
      readCpuList(files, `${NODE_DIRECTORY}/node${nodeId}/cpulist`) ??
      readCpuMask(files, `${NODE_DIRECTORY}/node${nodeId}/cpumap`) ??
      NO_CPUS,
    pages: readPages(files, nodeId),
    distances: readDistances(files, nodeId, columnIds),
    memoryTotalKb: readMemoryTotal(files, nodeId),
  }));
}

/**
 * The hugepage counters of a node, ascending by size; empty when it has none or is not there.
 *
 * @throws SysfsError
 */
export function readPages(files: SysfsFiles, nodeId: number): PageCounters[] {
  const directory = `${NODE_DIRECTORY}/node${nodeId}/hugepages`;
  const pages: PageCounters[] = [];
  for (const name of files.listNames(directory) ?? []) {
    const size = /^hugepages-([1-9]\d{0,11})kB$/.exec(name);
    if (size === null) continue;
    const total = readCount(files, `${directory}/${name}/nr_hugepages`);
    const free = readCount(files, `${directory}/${name}/free_hugepages`);
    // The size went with its node since the names were listed.
    if (total === undefined || free === undefined) continue;
    const surplus = readCount(files, `${directory}/${name}/surplus_hugepages`) ?? 0;
    pages.push({ sizeKb: Number(size[1]), total, free, surplus });
  }
  return pages.sort((a, b) => a.sizeKb - b.sizeKb);
}

/** The lists of node ids that the columns of a `distance` file may stand for, likeliest first. */
function readColumnIds(files: SysfsFiles, nodeIds: readonly number[]): (readonly number[])[] {
  const online = readCpuList(files, `${NODE_DIRECTORY}/online`);
  return online === undefined ? [nodeIds] : [cpusOf(online), nodeIds];
}

/**
 * A `distance` file has a column for each node that was online when it was read, without ids.
 * When the number of columns fits no list of ids, a node came or went meanwhile: better none then
 * than those of other nodes.
 */
function readDistances(
  files: SysfsFiles,
  nodeId: number,
  columnIds: readonly (readonly number[])[],
): Distances {
  const path = `${NODE_DIRECTORY}/node${nodeId}/distance`;
  const text = files.readText(path);
  if (text === undefined || text === '') return NO_DISTANCES;
  const columns = parseCounts(files, path, text);
  const nodeIds = columnIds.find((candidate) => candidate.length === columns.length);
  return nodeIds === undefined ? NO_DISTANCES : { nodeIds, columns };
}

function readMemoryTotal(files: SysfsFiles, nodeId: number): number | null {
  const path = `${NODE_DIRECTORY}/node${nodeId}/meminfo`;
  const line = /MemTotal:(.*)/.exec(files.readText(path) ?? '')?.[1];
  if (line === undefined) return null;
  return parseCount(files, path, line.trim().replace(/ kB$/, ''));
}
