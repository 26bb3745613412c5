/**
 * Works out what sysfs holds on a machine of some shape: the files that a real kernel shows, in
 * its formats, as far as anything here reads them. Touches no disk.
 */

import { formatCpuList, parseCpuList } from '../core/cpu-list.js';
import { type CpuSet, cpuSetOf, hasCpu, isEmpty, subtractCpus } from '../core/cpu-set.js';
import {
  cachesOf,
  coresOf,
  type MachineShape,
  type NodeShape,
  type ShapedCore,
} from './machine-shape.js';

/** What the firmware of most machines gives, in the kernel's units. */
const LOCAL_DISTANCE = 10;
const REMOTE_DISTANCE = 21;

/** `CONFIG_NR_CPUS - 1` of the common distributions. */
const KERNEL_MAX = 8191;

const CPU_DIRECTORY = 'devices/system/cpu';
const NODE_DIRECTORY = 'devices/system/node';
const DEVICE_DIRECTORY = 'bus/pci/devices';

/**
 * The text of each file by its path below `/sys`.
 *
 * @throws CpuListError when `isolated` or `offline` is no CPU list
 */
export function sysfsTree(shape: MachineShape): Map<string, string> {
  const cores = coresOf(shape);
  const offlineCpus = parseCpuList(shape.offline ?? '');
  const tree = new Map([
    ...cpuFiles(shape, cores, offlineCpus),
    ...cacheFiles(shape, cores, offlineCpus),
    ...deviceFiles(shape),
    ...(shape.numa === false ? [] : nodeFiles(shape, cores, offlineCpus)),
  ]);
  for (const [path, text] of Object.entries(shape.files ?? {})) {
    if (text === null) tree.delete(path);
    else tree.set(path, text);
  }
  return tree;
}

type File = readonly [path: string, text: string];

function cpuFiles(shape: MachineShape, cores: readonly ShapedCore[], offlineCpus: CpuSet): File[] {
  const all = cpuSetOf(cores.flatMap(({ cpus }) => cpus));
  const packages = shape.nodes.map(({ nodeId }) => nodeId);
  const files: File[] = [
    [`${CPU_DIRECTORY}/online`, list(subtractCpus(all, offlineCpus))],
    [`${CPU_DIRECTORY}/offline`, list(offlineCpus)],
    [`${CPU_DIRECTORY}/present`, list(all)],
    [`${CPU_DIRECTORY}/possible`, list(all)],
    [`${CPU_DIRECTORY}/isolated`, list(parseCpuList(shape.isolated ?? ''))],
    [`${CPU_DIRECTORY}/kernel_max`, `${KERNEL_MAX}\n`],
  ];
  const coreIds = new Map<number, number>();
  for (const { nodeId, cpus } of cores) {
    const coreId = coreIds.get(nodeId) ?? 0;
    coreIds.set(nodeId, coreId + 1);
    const siblings = list(subtractCpus(cpuSetOf(cpus), offlineCpus));
    for (const cpu of cpus) {
      const directory = `${CPU_DIRECTORY}/cpu${cpu}`;
      const isOffline = hasCpu(offlineCpus, cpu);
      // The boot CPU of most machines cannot go offline and has no such file.
      if (cpu !== 0 || isOffline) files.push([`${directory}/online`, isOffline ? '0\n' : '1\n']);
      // An offline CPU has no topology.
      if (isOffline) continue;
      files.push(
        [`${directory}/topology/thread_siblings_list`, siblings],
        [`${directory}/topology/core_cpus_list`, siblings],
        [`${directory}/topology/core_id`, `${coreId}\n`],
        [`${directory}/topology/physical_package_id`, `${packages.indexOf(nodeId)}\n`],
      );
    }
  }
  return files;
}

/** A cache of data for each core, and the last level, which several share. */
function cacheFiles(
  shape: MachineShape,
  cores: readonly ShapedCore[],
  offlineCpus: CpuSet,
): File[] {
  const coreOf = new Map(cores.flatMap(({ cpus }) => cpus.map((cpu) => [cpu, cpus] as const)));
  return cachesOf(shape).flatMap((cache) => {
    const online = (cpus: readonly number[]) => list(subtractCpus(cpuSetOf(cpus), offlineCpus));
    const sharers = online(cache);
    return cache.flatMap((cpu): File[] => {
      // An offline CPU has no caches.
      if (hasCpu(offlineCpus, cpu)) return [];
      const directory = `${CPU_DIRECTORY}/cpu${cpu}/cache`;
      return [
        [`${directory}/index0/level`, '1\n'],
        [`${directory}/index0/type`, 'Data\n'],
        [`${directory}/index0/shared_cpu_list`, online(coreOf.get(cpu) ?? [])],
        [`${directory}/index1/level`, '3\n'],
        [`${directory}/index1/type`, 'Unified\n'],
        [`${directory}/index1/shared_cpu_list`, sharers],
      ];
    });
  });
}

function deviceFiles({ devices = [] }: MachineShape): File[] {
  return devices.map(({ address, nodeId }) => [
    `${DEVICE_DIRECTORY}/${address}/numa_node`,
    `${nodeId}\n`,
  ]);
}

function nodeFiles(shape: MachineShape, cores: readonly ShapedCore[], offlineCpus: CpuSet): File[] {
  const cpusOfNode = new Map<number, number[]>();
  for (const { nodeId, cpus } of cores) {
    const online = cpus.filter((cpu) => !hasCpu(offlineCpus, cpu));
    cpusOfNode.set(nodeId, [...(cpusOfNode.get(nodeId) ?? []), ...online]);
  }
  const nodes = [...shape.nodes].sort((a, b) => a.nodeId - b.nodeId);
  const listedCpus = (node: NodeShape) => cpuSetOf(cpusOfNode.get(node.nodeId) ?? []);
  const idList = (those: readonly NodeShape[]) => list(cpuSetOf(those.map(({ nodeId }) => nodeId)));
  const withMemory = idList(nodes.filter(({ memoryKb }) => memoryKb > 0));
  return [
    [`${NODE_DIRECTORY}/online`, idList(nodes)],
    [`${NODE_DIRECTORY}/possible`, idList(nodes)],
    [`${NODE_DIRECTORY}/has_cpu`, idList(nodes.filter((node) => !isEmpty(listedCpus(node))))],
    [`${NODE_DIRECTORY}/has_memory`, withMemory],
    [`${NODE_DIRECTORY}/has_normal_memory`, withMemory],
    ...nodes.flatMap((node) => filesOfNode(node, listedCpus(node), nodes)),
  ];
}

function filesOfNode(node: NodeShape, cpus: CpuSet, nodes: readonly NodeShape[]): File[] {
  const { nodeId, memoryKb } = node;
  const directory = `${NODE_DIRECTORY}/node${nodeId}`;
  const distances = nodes.map((other) => (other === node ? LOCAL_DISTANCE : REMOTE_DISTANCE));
  const usedKb = node.pages.reduce((sum, { sizeKb, total }) => sum + sizeKb * total, 0);
  const memory = [
    ['MemTotal:', memoryKb],
    ['MemFree:', Math.max(0, memoryKb - usedKb)],
    ['MemUsed:', Math.min(memoryKb, usedKb)],
  ] as const;
  return [
    [`${directory}/cpulist`, list(cpus)],
    [`${directory}/distance`, `${distances.join(' ')}\n`],
    [
      `${directory}/meminfo`,
      memory
        .map(([name, kb]) => `Node ${nodeId} ${name.padEnd(13)}${`${kb}`.padStart(10)} kB\n`)
        .join(''),
    ],
    ...node.pages.flatMap(({ sizeKb, total, free, surplus }): File[] => [
      [`${directory}/hugepages/hugepages-${sizeKb}kB/nr_hugepages`, `${total}\n`],
      [`${directory}/hugepages/hugepages-${sizeKb}kB/free_hugepages`, `${free}\n`],
      [`${directory}/hugepages/hugepages-${sizeKb}kB/surplus_hugepages`, `${surplus}\n`],
    ]),
  ];
}

function list(set: CpuSet): string {
  return `${formatCpuList(set)}\n`;
}
