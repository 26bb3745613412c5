/** A simulated machine in a temporary directory, which is gone when the process is. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineShape } from '../simulate/machine-shape.js';
import { writeSysfs } from '../simulate/write-sysfs.js';

/** Where the parts of a simulation are. */
export interface Simulation {
  /** Stands for `/sys`. */
  readonly sysfsRoot: string;
  readonly stateDirectory: string;
  /** Short enough for a socket, and not made yet. */
  readonly socketPath: string;
}

/** A longer temporary directory leaves too little of the 107 bytes that a socket path may have. */
const DIRECTORY_MAX_BYTES = 70;

/**
 * Lays the machine. The directory is removed when the process exits, in whatever way but SIGKILL.
 *
 * @throws the error of the file system
 */
export function laySimulation(shape: MachineShape): Simulation {
  const parent = Buffer.byteLength(tmpdir()) <= DIRECTORY_MAX_BYTES ? tmpdir() : '/tmp';
  const directory = mkdtempSync(join(parent, 'epa-sim-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const sysfsRoot = join(directory, 'sys');
  writeSysfs(sysfsRoot, shape);
  return {
    sysfsRoot,
    stateDirectory: join(directory, 'state'),
    socketPath: join(directory, 'epa.sock'),
  };
}
