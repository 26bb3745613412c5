/**
 * Reads the few facts that every request needs fresh: two CPU lists, the names of the nodes, and
 * three counters for each page size of the nodes asked for, and where the devices asked for are.
 */

import type { PagesOf, VitalSigns, Wanted } from '../core/machine.js';
import { readIsolatedCpus, readOnlineCpus } from './read-cpus.js';
import { readDevice } from './read-devices.js';
import { readNodeIds, readPages } from './read-nodes.js';
import type { SysfsFiles } from './sysfs-files.js';

/**
 * The vital signs of the machine whose sysfs is `files`, with the page counters and the
 * devices that are wanted.
 *
 * @param nodeIds of the nodes that are there
 * @throws SysfsError when any of these files cannot be read or understood: all or nothing
 */
export function readVitals(
  files: SysfsFiles,
  { pagesOf, devices }: Wanted,
  nodeIds: readonly number[] = readNodeIds(files),
): VitalSigns {
  return {
    onlineCpus: readOnlineCpus(files),
    isolatedCpus: readIsolatedCpus(files),
    nodeIds,
    pages: nodesAsked(nodeIds, pagesOf).map((nodeId) => ({
      nodeId,
      pages: readPages(files, nodeId),
    })),
    devices: new Map(devices.map((address) => [address, readDevice(files, address)])),
  };
}

function nodesAsked(nodeIds: readonly number[], pagesOf: PagesOf): readonly number[] {
  if (pagesOf === 'all') return nodeIds;
  return pagesOf === 'none' ? [] : nodeIds.filter((nodeId) => pagesOf.includes(nodeId));
}
