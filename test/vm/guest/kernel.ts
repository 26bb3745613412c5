/** What the kernel of the guest says of the machine, read without any of the daemon's code. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node';

/** A node, in the kernel's own words; sizes in KiB. */
export interface KernelNode {
  readonly id: number;
  /** Online ones only. */
  readonly cpus: string;
  /** What its CPUs say of their thread siblings, each text once, by the lowest CPU. */
  readonly cores: readonly string[];
  readonly memoryTotalKb: number;
  /** Id of a node that is online → distance. */
  readonly distances: Readonly<Record<string, number>>;
}

/** The counters of one size of hugepages on one node. */
export interface KernelPages {
  readonly nodeId: number;
  readonly sizeKb: number;
  readonly total: number;
  readonly free: number;
}

const read = (path: string) => readFileSync(path, 'utf8').trim();

/** The ids of a list such as `0-3,8`. */
export function idsOf(list: string): number[] {
  if (list === '') return [];
  return list.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map(Number);
    const from = first ?? 0;
    return Array.from({ length: (last ?? from) - from + 1 }, (_, index) => from + index);
  });
}

export const onlineCpus = () => read(join(CPU, 'online'));
export const isolatedCpus = () => read(join(CPU, 'isolated'));
export const nodeIds = () => idsOf(read(join(NODE, 'online')));
export const hasNode = (id: number) => existsSync(join(NODE, `node${id}`));
export const hasCpu = (cpu: number) => existsSync(join(CPU, `cpu${cpu}`));

/** All nodes that are online. */
export function kernelNodes(): KernelNode[] {
  const ids = nodeIds();
  return ids.map((id) => {
    const cpus = read(join(NODE, `node${id}`, 'cpulist'));
    const siblings = idsOf(cpus).map((cpu) =>
      read(join(CPU, `cpu${cpu}`, 'topology', 'thread_siblings_list')),
    );
    const distances = read(join(NODE, `node${id}`, 'distance'))
      .split(/\s+/)
      .map(Number);
    const memory = /MemTotal:\s+(\d+) kB/.exec(read(join(NODE, `node${id}`, 'meminfo')));
    return {
      id,
      cpus,
      cores: [...new Set(siblings)],
      memoryTotalKb: Number(memory?.[1]),
      distances: Object.fromEntries(ids.map((other, index) => [other, distances[index] ?? -1])),
    };
  });
}

/** The counters of all nodes that are online, by node and size. */
export function kernelPages(): KernelPages[] {
  return nodeIds().flatMap((nodeId) => {
    const directory = join(NODE, `node${nodeId}`, 'hugepages');
    const sizes = readdirSync(directory).map((name) => Number(/\d+/.exec(name)?.[0]));
    return sizes
      .sort((a, b) => a - b)
      .map((sizeKb) => {
        const count = (name: string) =>
          Number(read(join(directory, `hugepages-${sizeKb}kB`, `${name}_hugepages`)));
        return { nodeId, sizeKb, total: count('nr'), free: count('free') };
      });
  });
}

/** Changes how many hugepages a node has; resolves when the kernel has done what it can. */
export function setPages(nodeId: number, sizeKb: number, count: number): Promise<void> {
  const directory = join(NODE, `node${nodeId}`, 'hugepages', `hugepages-${sizeKb}kB`);
  return writeFile(join(directory, 'nr_hugepages'), `${count}`);
}

/** Takes a CPU offline, or brings it back; resolves when the kernel has done it. */
export function setOnline(cpu: number, isOnline: boolean): Promise<void> {
  return writeFile(join(CPU, `cpu${cpu}`, 'online'), isOnline ? '1' : '0');
}

/** Takes all CPUs but the first of each core offline, or brings them back. */
export function setSmt(isOn: boolean): Promise<void> {
  return writeFile(join(CPU, 'smt', 'control'), isOn ? 'on' : 'off');
}
