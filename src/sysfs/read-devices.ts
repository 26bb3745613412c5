/** Reads in which NUMA node a PCI device sits. */

import type { DevicePlace } from '../core/machine.js';
import { quote } from '../core/quoting.js';
import { SysfsError, type SysfsFiles } from './sysfs-files.js';

const DEVICE_DIRECTORY = 'bus/pci/devices';

/** What `numa_node` says where the firmware does not tell. */
const NO_NODE_TOLD = '-1';

/**
 * Where a PCI device sits. Never throws: a device that cannot be looked at concerns nobody but those
 * who asked for it.
 *
 * @param address as the kernel writes it, such as `0000:3b:00.0`
 */
export function readDevice(files: SysfsFiles, address: string): DevicePlace {
  const directory = `${DEVICE_DIRECTORY}/${address}`;
  try {
    const text = files.readText(`${directory}/numa_node`);
    if (text === undefined) {
      const isThere = files.listNames(directory) !== undefined;
      return nowhere(isThere ? 'the kernel names no node for it' : 'there is no such device');
    }
    if (text === NO_NODE_TOLD) return nowhere('the firmware does not say where it is (-1)');
    if (/^\d{1,5}$/.test(text)) return { nodeId: Number(text) };
    return nowhere(`its numa_node says ${quote(text)}`);
  } catch (error) {
    if (error instanceof SysfsError) return nowhere(error.message);
    throw error;
  }
}

function nowhere(reason: string): DevicePlace {
  return { nodeId: null, reason };
}
