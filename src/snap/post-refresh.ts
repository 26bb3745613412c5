/**
 * The hook `post-refresh`: runs with the data of the revision before, ahead of the daemon's start.
 * When it fails, snapd goes back to that revision.
 */

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, readStateDirectory, type SnapPlaces } from '../config/config.js';
import { visible } from '../core/quoting.js';
import { readCopies } from '../state/state-copies.js';
import { timeInName } from '../state/state-names.js';
import { StateError } from '../state/stored-state.js';
import { holdingsCounts } from '../words/holdings-counts.js';
import { configPathOf, writeConfigFile } from './config-file.js';
import { backupDirectoryOf, prepareDirectories } from './data-directories.js';
import { readOptions, SNAP_OPTIONS } from './options.js';
import { getOptions } from './snapctl.js';

/**
 * Takes over what the release before left: its options and its state.
 *
 * @returns what to tell, one line each
 * @throws StateError when the older release's state is not whole, OptionError when an option that
 * it accepted means nothing to this one
 */
export async function postRefresh(places: SnapPlaces, now: Date): Promise<string[]> {
  const isFromOlder = !existsSync(configPathOf(places));
  const told = await takeStateOver(places, now);
  await prepareDirectories(places);
  if (isFromOlder) {
    const chosen = readOptions(getOptions(Object.keys(SNAP_OPTIONS)));
    readConfig(chosen, undefined, undefined);
    await writeConfigFile(configPathOf(places), chosen);
  }
  return told;
}

/**
 * The daemon takes the older release's file over by itself, when it starts. Here it is read before,
 * because a refresh that fails can be undone; and kept, because the daemon then replaces it.
 */
async function takeStateOver(places: SnapPlaces, now: Date): Promise<string[]> {
  const [first] = await readCopies(readStateDirectory(undefined));
  if (first.condition === 'damaged' && first.isOlder) {
    throw new StateError(
      `cannot take over the state of the release before: ${first.path}: ${first.reason}`,
    );
  }
  if (first.condition !== 'whole' || first.state.format !== 'older') return [];
  await prepareDirectories(places);
  const name = `older-release-${timeInName(now)}.json`;
  const kept = join(backupDirectoryOf(places), name);
  copyFileSync(first.path, kept);
  const { remarks, holdings } = first.state;
  return [
    `the state of the release before is taken over: ${holdingsCounts(holdings)}`,
    ...remarks.filter((remark) => remark.startsWith('dropped ')).map(visible),
    `its file is kept as ${kept}`,
  ];
}
