/** The machines that are measured, from the smallest to the largest that Linux is built for. */

import type { MachineShape } from '../../src/simulate/machine-shape.js';

/** A machine, and how many services have CPUs on it before anybody is measured. */
export interface BenchMachine {
  /** CPUs, nodes and services, as the tables name it. */
  readonly name: string;
  readonly nodeCount: number;
  readonly shape: MachineShape;
  readonly serviceCount: number;
}

const GIB_KB = 1_048_576;
const PAGES = [
  { sizeKb: 2_048, total: 4_096, free: 4_096, surplus: 0 },
  { sizeKb: GIB_KB, total: 16, free: 16, surplus: 0 },
];

/** Cores of two threads, and all CPUs isolated, so that as many clients as possible can be served. */
function machineOf(cpuCount: number, nodeCount: number, serviceCount: number): BenchMachine {
  const count = cpuCount / nodeCount / 2;
  return {
    name: `${cpuCount} CPUs, ${nodeCount} nodes, ${serviceCount} services`,
    nodeCount,
    shape: {
      nodes: Array.from({ length: nodeCount }, (_, nodeId) => ({
        nodeId,
        cores: [{ count, threads: 2 }],
        memoryKb: 64 * GIB_KB,
        pages: PAGES,
      })),
      numbering: 'interleaved',
      isolated: `0-${cpuCount - 1}`,
    },
    serviceCount,
  };
}

export const SMALL = machineOf(8, 1, 0);
export const MIDDLE = machineOf(128, 2, 0);
export const BIG = machineOf(512, 8, 0);
export const BIG_FULL = machineOf(512, 8, 252);
export const LARGEST = machineOf(8_192, 1_024, 2_000);

export const MACHINES: readonly BenchMachine[] = [SMALL, MIDDLE, BIG, BIG_FULL, LARGEST];
