/** `state export`: the newest whole copy of the state, as one file. */

import type { Command } from 'commander';
import { visible } from '../core/quoting.js';
import { exportTo, readNewest } from '../state/export-state.js';
import { StateError } from '../state/stored-state.js';
import { holdingsCounts } from '../words/holdings-counts.js';
import { wantsJson } from './ask-daemon.js';
import { stateDirectoryOf } from './state-place.js';
import { print } from './terminal.js';

/** `state export`: fails when there is no whole copy, or when the file cannot be written. */
export async function exportState(command: Command, file: string | undefined): Promise<void> {
  const stateDirectory = stateDirectoryOf(command);
  const newest = await readNewest(stateDirectory);
  if (newest === null) throw new StateError(`nothing is stored in ${stateDirectory} yet`);
  const { state, bytes } = newest;
  if (file === undefined || file === '-') {
    process.stdout.write(bytes);
    return;
  }
  const { force } = command.opts<{ force?: boolean }>();
  await exportTo(file, bytes, force === true);
  print(
    wantsJson(command)
      ? JSON.stringify({ file, generation: state.generation })
      : `exported to ${visible(file)}: generation ${state.generation}, ${holdingsCounts(state.holdings)}`,
  );
}
