/** What the tests of the sysfs readers share: temporary trees, and trees that are in memory only. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatCpuList } from '../../src/core/cpu-list.js';
import type { MachineFacts } from '../../src/core/machine.js';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { sysfsTree } from '../../src/simulate/sysfs-tree.js';
import { writeSysfs } from '../../src/simulate/write-sysfs.js';
import { SysfsError, type SysfsFiles } from '../../src/sysfs/sysfs-files.js';

/** Thousands of small directories take seconds on some disks, and nothing in memory. */
const temporaryRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Gives new directories to the tests of a `describe`, and removes them when it is over. */
export function useTemporaryDirectories(): () => string {
  const made: string[] = [];
  after(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(join(temporaryRoot, 'sysfs-'));
    made.push(directory);
    return directory;
  };
}

/** Writes the sysfs of a shape into `directory`, which it gives back. */
export function laidIn(directory: string, shape: MachineShape): string {
  writeSysfs(directory, shape);
  return directory;
}

/** Puts a file where it belongs below `root`, directories included. */
export function putFile(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The sysfs of a shape, in memory; `reads` gathers the paths of the files that were read. */
export function filesInMemory(shape: MachineShape, reads: string[] = []): SysfsFiles {
  const tree = sysfsTree(shape);
  const names = new Map<string, Set<string>>();
  for (const path of tree.keys()) {
    for (let at = path; at !== '.'; at = dirname(at)) {
      const siblings = names.get(dirname(at)) ?? new Set();
      names.set(dirname(at), siblings.add(at.slice(at.lastIndexOf('/') + 1)));
    }
  }
  return {
    root: '/sys',
    readText(path) {
      reads.push(path);
      return tree.get(path)?.replaceAll('\0', '').trim();
    },
    listNames: (path) => (names.has(path) ? [...(names.get(path) ?? [])] : undefined),
  };
}

/** The facts with CPU sets as lists, so that a failed comparison can be read. */
export function readable({ onlineCpus, isolatedCpus, cores, caches, nodes }: MachineFacts) {
  return {
    online: formatCpuList(onlineCpus),
    isolated: formatCpuList(isolatedCpus),
    cores,
    caches,
    nodes: nodes.map(({ listedCpus, distances: { nodeIds, columns }, ...rest }) => ({
      ...rest,
      cpus: formatCpuList(listedCpus),
      distances: nodeIds.map((nodeId, index) => ({ nodeId, distance: columns[index] })),
    })),
  };
}

/** The SysfsError that `action` throws. */
export function sysfsErrorOf(action: () => unknown): SysfsError {
  try {
    action();
  } catch (error) {
    if (error instanceof SysfsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
