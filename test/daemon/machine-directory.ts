/** A simulated machine, a socket and a state, all in one temporary directory. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { writeSysfs } from '../../src/simulate/write-sysfs.js';
import type { Wire } from './harness.js';

/** Where a test has its daemons, one after the other. */
export class MachineDirectory {
  readonly directory = mkdtempSync(join(tmpdir(), 'epa-'));
  readonly socketPath = join(this.directory, 'epa.sock');
  readonly stateDirectory = join(this.directory, 'state');
  readonly sysfsRoot = join(this.directory, 'sys');
  readonly statePath = join(this.stateDirectory, 'state.json');
  readonly twinPath = join(this.stateDirectory, 'state.twin.json');
  /** Log lines of all daemons of this machine, parsed, oldest first. */
  readonly log: Wire[] = [];

  constructor(shape: MachineShape = simulatedMachines['dual-socket'].shape) {
    this.lay(shape);
  }

  /** Makes the machine one of that shape; a running daemon finds out by itself. */
  lay(shape: MachineShape): void {
    writeSysfs(this.sysfsRoot, shape);
  }

  protected remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
