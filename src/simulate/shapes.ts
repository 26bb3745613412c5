/** The machines that the daemon can simulate, by name. */

import { formatCpuList } from '../core/cpu-list.js';
import type { PageCounters } from '../core/machine.js';
import {
  cpusBesideFirstCores,
  type MachineShape,
  type NodeShape,
  type PciDevice,
} from './machine-shape.js';

/** A machine that can be simulated. */
export interface SimulatedMachine {
  /** One line for a help text. */
  readonly description: string;
  readonly shape: MachineShape;
}

const GIB_KB = 1_048_576;

/** A pool of pages that nobody uses. */
function unusedPages(sizeKb: number, total: number): PageCounters {
  return { sizeKb, total, free: total, surplus: 0 };
}

/** The same machine with all CPUs isolated but those of the first core of each node. */
function isolateAllButFirstCores(shape: MachineShape): MachineShape {
  return { ...shape, isolated: formatCpuList(cpusBesideFirstCores(shape)) };
}

function dualSocketNode(nodeId: number): NodeShape {
  return {
    nodeId,
    cores: [{ count: 8, threads: 2 }],
    coresPerCache: 4,
    memoryKb: 64 * GIB_KB,
    pages: [unusedPages(2048, 1024), unusedPages(GIB_KB, 8)],
  };
}

/** A network card at each node, and a bridge of which the firmware does not say where it is. */
const twoNetworkCards: readonly PciDevice[] = [
  { address: '0000:00:1f.0', nodeId: -1 },
  { address: '0000:3b:00.0', nodeId: 0 },
  { address: '0000:af:00.0', nodeId: 1 },
];

const dualSocket: MachineShape = {
  nodes: [dualSocketNode(0), dualSocketNode(1)],
  numbering: 'interleaved',
  devices: twoNetworkCards,
};

const singleNode: MachineShape = {
  nodes: [
    {
      nodeId: 0,
      cores: [{ count: 8, threads: 1 }],
      coresPerCache: 8,
      memoryKb: 16 * GIB_KB,
      pages: [unusedPages(2048, 512), unusedPages(GIB_KB, 0)],
    },
  ],
  numbering: 'interleaved',
  isolated: '2-7',
};

function powerNode(nodeId: number): NodeShape {
  return {
    nodeId,
    cores: [{ count: 4, threads: 8 }],
    coresPerCache: 1,
    memoryKb: 128 * GIB_KB,
    pages: [unusedPages(2048, 512), unusedPages(GIB_KB, 0)],
  };
}

const memoryOnly: MachineShape = {
  nodes: [
    dualSocketNode(0),
    dualSocketNode(1),
    { nodeId: 2, cores: [], memoryKb: 256 * GIB_KB, pages: [unusedPages(2048, 4096)] },
  ],
  numbering: 'interleaved',
  devices: twoNetworkCards,
};

const large: MachineShape = {
  nodes: Array.from({ length: 32 }, (_, nodeId) => ({
    nodeId,
    cores: [{ count: 32, threads: 2 }],
    coresPerCache: 8,
    memoryKb: 64 * GIB_KB,
    pages: [unusedPages(2048, 4096), unusedPages(GIB_KB, 16)],
  })),
  numbering: 'interleaved',
};

/** The machines that can be simulated, by name. */
export const simulatedMachines = {
  'dual-socket': {
    description: '2 nodes of 8 cores with 2 threads (32 CPUs), 28 CPUs isolated',
    shape: isolateAllButFirstCores(dualSocket),
  },
  'single-node': {
    description: '1 node of 8 cores without SMT (8 CPUs), 6 CPUs isolated',
    shape: singleNode,
  },
  smt8: {
    description: '2 nodes, 0 and 8, of 4 cores with 8 threads (64 CPUs), 48 CPUs isolated',
    shape: isolateAllButFirstCores({
      nodes: [powerNode(0), powerNode(8)],
      numbering: 'contiguous',
    }),
  },
  'memory-only': {
    description: 'dual-socket and a third node that has memory and no CPU',
    shape: isolateAllButFirstCores(memoryOnly),
  },
  'no-numa': {
    description: '8 CPUs on a kernel without NUMA (no node at all), 6 CPUs isolated',
    shape: { ...singleNode, numa: false },
  },
  'no-isolation': {
    description: 'dual-socket without isolated CPUs',
    shape: dualSocket,
  },
  large: {
    description: '32 nodes of 32 cores with 2 threads (2,048 CPUs), 1,984 CPUs isolated',
    shape: isolateAllButFirstCores(large),
  },
} satisfies Readonly<Record<string, SimulatedMachine>>;

/** The machine of that name, or `undefined`. Safe with any text, such as one typed by a user. */
export function simulatedMachineNamed(name: string): SimulatedMachine | undefined {
  return Object.entries(simulatedMachines).find(([known]) => known === name)?.[1];
}
